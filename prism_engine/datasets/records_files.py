"""Reads tables in common formats (JSON lines, JSON, CSV, TSV, Excel, Parquet) as plain records."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

Record = dict[str, Any]

_MAX_CELL: Final = 1 << 24
"""Maximum size of one CSV cell, in bytes."""


def read_records(path: Path) -> Iterator[tuple[int, Record]]:
    """Yield a table's rows with their 1-based numbers (the header is not counted); column names lower-cased, trimmed.

    The file name's ending decides the format.

    Raises:
        DatasetError: the format is unknown, or the file does not match it; names the row where possible.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DatasetError(f"unknown format; known endings: {', '.join(READERS)}", path=path)
    for number, row in enumerate(reader(path), start=1):
        yield number, {str(name).strip().lower(): value for name, value in row.items()}


def _json_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    number = 0
    try:
        with path.open("rb") as file:
            for line in file:
                if not line.strip():
                    continue
                number += 1
                yield _object(orjson.loads(line), path, number)
    except (OSError, orjson.JSONDecodeError) as error:
        raise DatasetError(f"not JSON lines ({error})", path=path, row=number or None) from error


def _json_list(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise DatasetError(f"not JSON ({error})", path=path) from error
    if not isinstance(content, list):
        raise DatasetError("must be a list of objects", path=path)
    yield from (_object(row, path, number) for number, row in enumerate(content, start=1))


def _object(row: object, path: Path, number: int) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise DatasetError("is not an object", path=path, row=number)
    return row


def _separated(separator: str) -> Callable[[Path], Iterator[Mapping[str, Any]]]:
    def read(path: Path) -> Iterator[Mapping[str, Any]]:
        csv.field_size_limit(_MAX_CELL)
        number = 0
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file, delimiter=separator, strict=True):
                    number += 1
                    if None in row:
                        raise DatasetError("has more cells than the header", path=path, row=number)
                    yield row
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DatasetError(f"cannot be read as a table ({error})", path=path, row=number + 1) from error

    return read


def _frame(read: str, **options: Any) -> Callable[[Path], Iterator[Mapping[str, Any]]]:
    """Return a reader that uses a polars function (spreadsheets through calamine)."""

    def rows(path: Path) -> Iterator[Mapping[str, Any]]:
        import polars as pl  # noqa: PLC0415 - heavy, and most runs need no table
        from fastexcel import FastExcelError  # noqa: PLC0415
        from polars.exceptions import PolarsError  # noqa: PLC0415

        try:
            frame: pl.DataFrame = getattr(pl, read)(path, **options)
        except (OSError, PolarsError, FastExcelError) as error:
            raise DatasetError(f"cannot be read as a table ({error})", path=path) from error
        yield from frame.iter_rows(named=True)

    return rows


READERS: Final[dict[str, Callable[[Path], Iterator[Mapping[str, Any]]]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_list,
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".xlsx": _frame("read_excel", engine="calamine", infer_schema_length=None),
    ".parquet": _frame("read_parquet"),
}
"""By suffix in lower case, as in `config.file_types.TABLE_FILES`."""
