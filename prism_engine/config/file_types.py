"""The file formats that prism reads, by suffix; `datasets/` has a reader for each."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

BENCHMARK_FILES: Final[Mapping[str, str]] = MappingProxyType({".tsv": "TSV", ".jsonl": "JSONL", ".parquet": "Parquet"})
"""Files that contain a benchmark's rows, by suffix with the format's name."""
RECORD_FILES: Final[Mapping[str, str]] = MappingProxyType(
    {".jsonl": "JSONL", ".parquet": "Parquet", ".json": "JSON", ".ndjson": "JSONL"}
)
"""Files of records: benchmarks as they are, or data of a mapping."""
UNLISTED_FILES: Final[Mapping[str, str]] = MappingProxyType(
    {".csv": "CSV", ".txt": "text", ".tab": "text", ".json": "JSON", ".ndjson": "JSONL"}
)
"""Files that contain a benchmark's rows if a user names one; in a data folder, such a file may be anything."""
MAPPING_FILES: Final = (".yaml", ".yml")
"""Files that say where a benchmark's rows are and what their fields mean."""
TABLE_FILES: Final = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", ".xlsx", ".parquet")
"""Tables of existing descriptions."""


def is_file(path: Path) -> bool:
    """Return whether there is a file; False for a name that no file can have, such as one of 5,000 characters."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def one_of(names: Iterable[str]) -> str:
    """Return distinct names as in a sentence: `TSV, JSONL or Parquet`."""
    *others, last = dict.fromkeys(names)
    return f"{', '.join(others)} or {last}" if others else last
