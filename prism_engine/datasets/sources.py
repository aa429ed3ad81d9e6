"""Selects a benchmark file's reader by its file name suffix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.datasets.recorded import open_mapping, open_records
from prism_engine.datasets.rows import refuse
from prism_engine.datasets.tsv import Table
from prism_engine.errors import DatasetError

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.datasets.rows import Broken, Source

TABLES = (".tsv", ".jsonl", ".parquet")
"""Suffixes of files that contain a benchmark's rows."""
MAPPINGS = (".yaml", ".yml")
"""Suffixes of files that say where the rows are and what their fields mean."""


def open_source(path: Path, broken: Broken = refuse) -> Source:
    """Open a benchmark for one pass.

    Args:
        path: absolute path of the file.
        broken: called for each unreadable row; by default the first one raises.

    Raises:
        UserError: the file cannot be read, or is not a benchmark.
    """
    suffix = path.suffix.lower()
    if suffix in MAPPINGS:
        return open_mapping(path, broken)
    if suffix in TABLES[1:]:
        if not path.is_file():
            raise DatasetError("cannot be opened: there is no such file", path=path)
        return open_records(path, broken)
    return Table(path, broken)
