"""Reads tables in common formats (JSON lines, JSON, CSV, TSV, Excel, Parquet) as plain records."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Final

from prism_engine.config.text_encoding import HEAD, binary_format, decoded, encoding_of, not_unicode
from prism_engine.datasets.column_guesses import COLUMNS
from prism_engine.datasets.jsonl import read_json
from prism_engine.datasets.separated import separated_lines
from prism_engine.datasets.text_lines import BadLine, TextLines
from prism_engine.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

Record = dict[str, Any]

_MAX_CELL: Final = 1 << 24
"""Maximum size of a cell and of a line of a text table, in bytes."""
_MAX_JSON: Final = 1 << 30
"""Maximum size of a JSON file, which is read as a whole, in bytes."""
_TEXT: Final = "text"
"""The field of a JSON object's values where these are texts."""


def read_records(path: Path, known: Collection[str] = ()) -> Iterator[tuple[int, Record]]:
    """Yield a table's rows with their 1-based numbers (the header is not counted); column names lower-cased, trimmed.

    The file name's ending decides the format; in a text table, the header decides what separates the cells.

    Args:
        known: names of columns that the table may have, by which its separator is recognised.

    Raises:
        DatasetError: the format is unknown, or the file does not match it; names the row where possible.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DatasetError(f"unknown format; known endings: {', '.join(READERS)}", path=path)
    for number, row in enumerate(reader(path, known), start=1):
        yield number, {str(name).strip().lower(): value for name, value in row.items()}


class JsonFile:
    """The records of a JSON file, which is read as a whole: a list of objects, pandas' layouts, or JSON lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.bytes_read = 0

    @property
    def bytes_total(self) -> int:
        """Size of the file."""
        return self._path.stat().st_size

    def __iter__(self) -> Iterator[Record]:
        """Raise DatasetError if the file cannot be read."""
        for record in _json(self._path, (*COLUMNS, "id")):
            self.bytes_read = self.bytes_total
            yield dict(record)


def _json_lines(path: Path, known: Collection[str]) -> Iterator[Mapping[str, Any]]:
    number = 0
    with TextLines(path, _MAX_JSON, "JSONL") as lines:
        for line in lines:
            if isinstance(line, BadLine):
                raise DatasetError(line.reason, path=path, row=number + 1)
            if not line.strip():
                continue
            number += 1
            try:
                row = read_json(line)
            except ValueError as error:
                if number == 1 and line.lstrip()[:1] in ("[", "{"):
                    yield from _json_whole(path, known, error)
                    return
                raise DatasetError(f"not JSON lines ({error})", path=path, row=number) from error
            if number == 1 and isinstance(row, list):
                yield from _rows_of(row, path, known)
                return
            yield _object(row, path, number)


def _json_whole(path: Path, known: Collection[str], error: ValueError) -> Iterator[Mapping[str, Any]]:
    """Read a file that ends like JSON lines as one JSON value over several lines."""
    try:
        content = _json_content(path)
    except DatasetError:
        raise DatasetError(f"not JSON lines ({error})", path=path, row=1) from error
    yield from _rows_of(content, path, known)


def _json(path: Path, known: Collection[str]) -> Iterator[Mapping[str, Any]]:
    try:
        content = _json_content(path)
    except DatasetError:
        if not _begins_with_object(path):
            raise
        yield from _json_lines(path, known)  # as Hugging Face and pandas also call them
        return
    yield from _rows_of(content, path, known)


def _begins_with_object(path: Path) -> bool:
    """Whether the first line is a whole JSON object."""
    with TextLines(path, _MAX_JSON, "JSON") as lines:
        first = next((line for line in lines if isinstance(line, BadLine) or line.strip()), "")
    try:
        return isinstance(first, str) and isinstance(read_json(first), dict)
    except ValueError:
        return False


def _json_content(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_JSON + 1)
    except OSError as error:
        raise DatasetError(f"cannot be read: {error.strerror}", path=path) from error
    if len(data) > _MAX_JSON:
        raise DatasetError(f"is larger than {_MAX_JSON >> 30} GiB; write JSON lines instead", path=path)
    if (about := binary_format(data[:HEAD])) is not None:
        raise DatasetError(f"is {about}", path=path)
    encoding = encoding_of(data[:HEAD])
    try:
        return read_json(decoded(data[encoding.mark :], encoding.name))
    except UnicodeDecodeError as error:
        raise DatasetError(not_unicode(error), path=path) from error
    except ValueError as error:
        raise DatasetError(f"not JSON ({error})", path=path) from error


def _rows_of(content: object, path: Path, known: Collection[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a list of objects, or of one of pandas' layouts: by column, split, or a table with `data`.

    An object of texts has a row per entry: its name as `index`, and the text.
    """
    match content:
        case {"columns": [*columns], "data": [*rows]}:
            listed = [dict(zip(map(str, columns), row, strict=False)) for row in rows if isinstance(row, list)]
            content = listed if len(listed) == len(rows) else None
        case {"data": [*rows]}:
            content = rows
        case dict() if content and all(isinstance(column, dict) for column in content.values()):
            content = _by_column(content, known)
        case dict() if content and all(isinstance(text, str) for text in content.values()):
            content = [{"index": name, _TEXT: text} for name, text in content.items()]
    if not isinstance(content, list):
        raise DatasetError("must be a list of objects, or an object of texts by index", path=path)
    yield from (_object(row, path, number) for number, row in enumerate(content, start=1))


def _by_column(content: Mapping[str, Any], known: Collection[str]) -> list[dict[str, Any]]:
    """The rows of `{"index": {"0": 7}, "text": {"0": "..."}}`, or of objects by index."""
    columns = list(content.values())
    same = all(column.keys() == columns[0].keys() for column in columns)
    if same and {name.strip().lower() for name in content} & set(known):
        return [{name: column[at] for name, column in content.items()} for at in columns[0]]
    return [{"index": name, **column} for name, column in content.items()]


def _object(row: object, path: Path, number: int) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise DatasetError("is not an object", path=path, row=number)
    return row


def _separated(separator: str) -> Callable[[Path, Collection[str]], Iterator[Mapping[str, Any]]]:
    def read(path: Path, known: Collection[str]) -> Iterator[Mapping[str, Any]]:
        csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL))
        number = 0
        with TextLines(path, _MAX_CELL, "CSV") as file:

            def texts() -> Iterator[str]:
                for line in file:
                    if isinstance(line, BadLine) or "\0" in line:
                        reason = line.reason if isinstance(line, BadLine) else "contains a NUL byte"
                        raise DatasetError(reason, path=path, row=number + 1)
                    yield line

            found, lines = separated_lines(texts(), separator, known)
            try:
                for row in csv.DictReader(lines, delimiter=found, strict=True):
                    number += 1
                    if None in row:
                        raise DatasetError(_TOO_MANY, path=path, row=number)
                    if any(cell for cell in row.values()):  # spreadsheets export empty rows
                        yield row
            except csv.Error as error:
                reason = f"cannot be read as a table ({error}); a quote inside a quoted cell must be doubled"
                raise DatasetError(reason, path=path, row=number + 1) from error

    return read


_TOO_MANY: Final = (
    "has more cells than the header; a cell that contains the separator must be quoted, and R's row names left out "
    "(`row.names=FALSE`)"
)


def _frame(read: str, **options: Any) -> Callable[[Path, Collection[str]], Iterator[Mapping[str, Any]]]:
    """Return a reader that uses a polars function (spreadsheets through calamine)."""

    def rows(path: Path, _: Collection[str]) -> Iterator[Mapping[str, Any]]:
        import polars as pl  # noqa: PLC0415 - heavy, and most runs need no table
        from fastexcel import FastExcelError  # noqa: PLC0415
        from polars.exceptions import PolarsError  # noqa: PLC0415

        try:
            frame: pl.DataFrame = getattr(pl, read)(path, **options)
        except (OSError, PolarsError, FastExcelError, ValueError, pl.exceptions.PanicException) as error:
            raise DatasetError(f"cannot be read as a table ({error})", path=path) from error
        yield from frame.iter_rows(named=True)

    return rows


READERS: Final[dict[str, Callable[[Path, Collection[str]], Iterator[Mapping[str, Any]]]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".txt": _separated("\t"),
    ".xlsx": _frame("read_excel", engine="calamine", infer_schema_length=None),
    ".parquet": _frame("read_parquet"),
}
"""By suffix in lower case, as in `config.file_types.TABLE_FILES`."""
