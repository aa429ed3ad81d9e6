"""Which reader a benchmark file needs, by the end of its name."""

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
"""Files that hold a benchmark's rows themselves."""
MAPPINGS = (".yaml", ".yml")
"""Files that say where rows are, and what their fields mean."""


def open_source(path: Path, broken: Broken = refuse) -> Source:
    """Open a benchmark for one pass.

    Args:
        path: absolute.
        broken: told of rows that cannot be read; by default the first one is raised.

    Raises:
        UserError: the file cannot be read, or is no benchmark.
    """
    suffix = path.suffix.lower()
    if suffix in MAPPINGS:
        return open_mapping(path, broken)
    if suffix in TABLES[1:]:
        if not path.is_file():
            raise DatasetError("cannot be opened: there is no such file", path=path)
        return open_records(path, broken)
    return Table(path, broken)
