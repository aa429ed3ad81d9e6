"""Reads JSONL files: one record per line, one line at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.config.text_encoding import without_surrogates
from prism_engine.datasets.rows import MAX_CELL
from prism_engine.datasets.text_lines import BadLine, TextLines
from prism_engine.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HOW = (
    "JSONL has one whole object per line; pandas writes it with to_json(FILE, orient='records', lines=True). Call a "
    "file with one list of objects .json"
)


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
        with TextLines(self._path, MAX_CELL, "JSONL") as lines:
            for line in lines:
                self.bytes_read = lines.bytes_read
                if isinstance(line, BadLine):
                    row += 1
                    error = DatasetError(line.reason, path=self._path, row=row)
                    if line.last:
                        raise error
                    yield error
                elif line.strip():
                    row += 1
                    yield self._record(line, row)
            self.bytes_read = lines.bytes_read

    def _record(self, line: str, row: int) -> dict[str, Any] | DatasetError:
        try:
            record = read_json(line)
        except ValueError as error:
            if line.rstrip().endswith("},"):
                return self._error(
                    "the line ends in a comma; remove it, or make the file one list [...] in a .json", row
                )
            hint = f". {_HOW}" if row == 1 and line.strip()[:1] in ("[", "{") else ""
            return self._error(f"the line is not valid JSON: {error}{hint}", row)
        if isinstance(record, dict):
            return record
        hint = f". {_HOW}" if isinstance(record, list) else ""
        return self._error(f"the line is not a JSON object, {{...}}{hint}", row)

    def _error(self, reason: str, row: int) -> DatasetError:
        return DatasetError(reason, path=self._path, row=row)


def read_json(text: str) -> Any:
    """Read JSON, also as Python writes it: NaN is None, a lone surrogate U+FFFD.

    Raises:
        ValueError: the text is no JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as strict:
        try:
            return _encodable(json.loads(text, parse_constant=_constant))
        except (ValueError, RecursionError):
            raise ValueError(str(strict)) from strict


def _constant(name: str) -> str | None:
    return None if name == "NaN" else name


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return without_surrogates(value)
        case list():
            return [_encodable(item) for item in value]
        case dict():
            return {without_surrogates(key): _encodable(item) for key, item in value.items()}
        case _:
            return value
