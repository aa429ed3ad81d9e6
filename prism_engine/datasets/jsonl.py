"""Reads JSONL files: one record per line, one line at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.datasets.rows import MAX_CELL
from prism_engine.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class JsonLines:
    """The records of a JSONL file; an invalid line yields an error instead."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.bytes_read = 0

    @property
    def bytes_total(self) -> int:
        """Size of the file."""
        return self._path.stat().st_size

    def __iter__(self) -> Iterator[dict[str, Any] | DatasetError]:
        """Raise DatasetError if the file cannot be read."""
        row = 0
        try:
            with self._path.open("rb") as file:
                while line := file.readline(MAX_CELL + 1):
                    self.bytes_read += len(line)
                    if len(line) > MAX_CELL:
                        raise self._error(f"a line is longer than {MAX_CELL >> 20} MiB; is this a JSONL file?", row + 1)
                    if line.strip():
                        row += 1
                        yield self._record(line, row)
        except OSError as error:
            raise DatasetError(f"cannot be read: {error.strerror}", path=self._path) from error

    def _record(self, line: bytes, row: int) -> dict[str, Any] | DatasetError:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            return self._error(f"the line is not valid JSON: {error}", row)
        return record if isinstance(record, dict) else self._error("the line is not a JSON object, {...}", row)

    def _error(self, reason: str, row: int) -> DatasetError:
        return DatasetError(reason, path=self._path, row=row)
