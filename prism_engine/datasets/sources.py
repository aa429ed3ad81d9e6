"""Selects a benchmark file's reader by its file name suffix."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prism_engine.config.file_types import MAPPING_FILES
from prism_engine.datasets.recorded import RECORD_READERS, open_mapping, open_records
from prism_engine.datasets.rows import refuse
from prism_engine.datasets.tsv import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from prism_engine.datasets.rows import Broken, Source

READERS: Final[Mapping[str, Callable[[Path, Broken], Source]]] = MappingProxyType(
    {".tsv": Table, **dict.fromkeys(RECORD_READERS, open_records), **dict.fromkeys(MAPPING_FILES, open_mapping)}
)
"""By suffix in lower case. Any other file is read as a TSV."""


def open_source(path: Path, broken: Broken = refuse) -> Source:
    """Open a benchmark for one pass.

    Args:
        path: absolute path of the file.
        broken: called for each unreadable row; by default the first one raises.

    Raises:
        UserError: the file cannot be read, or is not a benchmark.
    """
    return READERS.get(path.suffix.lower(), Table)(path, broken)
