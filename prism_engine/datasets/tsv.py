"""Streams the rows of a VLMEvalKit TSV and reports exactly where it is malformed."""

from __future__ import annotations

import csv
import hashlib
from itertools import chain
from typing import TYPE_CHECKING, Self

from prism_engine.config.benchmarks import known_benchmark
from prism_engine.datasets.column_guesses import COLUMNS, PICTURES, likely, misspelt
from prism_engine.datasets.rows import MAX_CELL, MOST_COLUMNS, Row, column_name, picture_folders, refuse
from prism_engine.datasets.separated import separated_lines
from prism_engine.datasets.text_lines import BadLine, TextLines
from prism_engine.errors import DatasetError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from prism_engine.datasets.rows import Broken

LOCAL = "_local"
"""Suffix that VLMEvalKit adds to the name of a file whose pictures it extracted; not part of the benchmark's name."""

_SHOWN = 64


class Table:
    """One pass over a TSV file, with one row in memory at a time.

    Cells are separated by tabs (or, if the header says so, by commas, semicolons or bars) and may be quoted; a quoted
    cell may contain tabs, line breaks and doubled quotes, and a quote inside an unquoted cell is a plain character. No
    cell is ever interpreted: `None`, `NA` and `007` stay as they are. Column names are lower-cased, except the single
    letters A-Z (options). A table without an `index` has it in `id`, or in a first column without a name (R leaves out
    even its separator); without any of these, rows are numbered from 0.

    Args:
        broken: called for each row with too many or too few cells, or without an index; these rows are left out.

    Opening and iterating raise:
        DatasetError: the file cannot be read, is in no Unicode encoding, or is not a table with a benchmark's columns.
    """

    kind = None
    files: tuple[Path, ...] = ()

    def __init__(self, path: Path, broken: Broken = refuse) -> None:
        self.path = path
        self.name = path.stem.removesuffix(LOCAL)
        self._broken = broken
        known = known_benchmark(self.name)
        self._question = known.spec.question if known else None
        self.folders = picture_folders(path.parent, self.name, path.stem)
        self._hash = hashlib.sha256()
        self._row: int | None = None
        self._ended = False
        self._counted = False
        """Whether the rows' numbers are their indexes."""
        # Process-global in Python; only ever raised, so other users of csv are not affected.
        csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))
        self._file = TextLines(path, MAX_CELL, "TSV", self._hash)
        try:
            self._rows: Iterator[list[str]] = self._split()
            self.columns = self._header()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Row]:
        """Yield the remaining rows; a table can be read only once."""
        self._row = 0
        default = {} if self._question is None or "question" in self.columns else {"question": self._question}
        for cells in self._rows:
            number = self._row + 1
            if (error := self._flaw(cells)) is not None:
                self._broken(error)
            else:
                pictures = None if self.picture_column else ()
                index = (str(self._row),) if self._counted else ()
                yield Row(number, dict(zip(self.columns, (*cells, *index), strict=True)) | default, pictures)
            self._row = number

    @property
    def picture_column(self) -> str:
        """`image` (payloads and references) or `image_path` (file names); empty if the table has neither."""
        return next((name for name in PICTURES if name in self.columns), "")

    @property
    def bytes_read(self) -> int:
        """Bytes of the file read so far."""
        return self._file.bytes_read

    @property
    def bytes_total(self) -> int:
        """Size of the file."""
        return self.status().st_size

    @property
    def sha256(self) -> str:
        """Digest of the bytes read so far (64 hex digits); covers the whole file after iteration."""
        return self._hash.hexdigest()

    def status(self) -> os.stat_result:
        """Size and times of the open file, even if its path now points to another."""
        return self._file.status()

    def _lines(self) -> Iterator[str]:
        for line in self._file:
            if isinstance(line, BadLine):
                raise self._error(line.reason)
            if "\0" in line:
                raise self._error("contains a NUL byte; save the file again as UTF-8 text")
            yield line
        self._ended = True

    def _split(self) -> Iterator[list[str]]:
        separator, lines = separated_lines(self._lines(), "\t", (*COLUMNS, "id"))
        reader = csv.reader(lines, delimiter=separator)
        try:
            for cells in reader:
                # A complete row ends with its line; the reader requests another line only inside quotes.
                if self._ended:
                    raise self._error("a quote is opened here and never closed")
                if "".join(cells).strip():  # spreadsheets export rows that only have separators
                    yield cells
        except csv.Error as error:
            raise self._error(f"is not a tab-separated row ({error}); is a quote missing?") from error

    def _header(self) -> tuple[str, ...]:
        names = next(self._rows, None)
        if names is None:
            raise self._error("the file is empty; its first line must name the columns")
        if len(names) > MOST_COLUMNS:
            raise self._error(f"has {len(names):,} columns; prism reads up to {MOST_COLUMNS:,}")
        columns = _columns(names)
        seen = set()
        for column in columns:
            if column in seen:
                raise self._error("the header names this column twice; remove one", column=column)
            seen.add(column)
        if not seen & {*COLUMNS, "id"}:
            raise self._error(_no_header(names))
        if "index" not in seen and (near := misspelt("index", columns) or likely("index", columns)) is not None:
            raise self._error(f"has no column 'index'; did you mean {near!r}? Rename it")
        if "question" not in seen and not self._question:
            raise self._error(_missing("question", columns, names))
        if not seen & set(PICTURES) and (near := misspelt("image", columns) or misspelt("image_path", columns)):
            raise self._error(f"has no column 'image' or 'image_path'; did you mean {near!r}? Rename it")
        return columns if "index" in seen else self._with_index(columns)

    def _with_index(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """The columns with an index: R's row names, which have no name in the header, or the rows' numbers from 0."""
        first = next(self._rows, None)
        self._rows = self._rows if first is None else chain([first], self._rows)
        if first is not None and len(first) == len(columns) + 1 and first[-1]:
            return ("index", *columns)
        self._counted = True
        return (*columns, "index")

    def _flaw(self, cells: list[str]) -> DatasetError | None:
        """The error that makes the whole row unusable, if any."""
        position, named = self.columns.index("index"), len(self.columns) - self._counted
        if len(cells) != named:
            return self._error(
                f"the row has {len(cells)} cells, the header {named}; "
                "a cell that contains a tab, a quote or a line break must be quoted",
                index=cells[position][:_SHOWN] if position < min(named, len(cells)) else None,
            )
        if not self._counted and not cells[position]:
            return self._error("the cell is empty; every row needs a unique id", column="index")
        return None

    def _error(self, reason: str, *, index: str | None = None, column: str | None = None) -> DatasetError:
        row = None if self._row is None else self._row + 1
        return DatasetError(reason, path=self.path, row=row, index=index, column=column)


def _columns(names: list[str]) -> tuple[str, ...]:
    """The normalised names; a table without an `index` has it in `id`, or in a first column without a name."""
    columns = [column_name(name) or f"unnamed {position}" for position, name in enumerate(names, start=1)]
    ids = [name for name in ("id", "unnamed 1", "unnamed: 0") if name in columns]
    if "index" not in columns and ids:
        columns[columns.index(ids[0])] = "index"
    return tuple(columns)


def _no_header(names: list[str]) -> str:
    first = names[0].strip()
    if first[:1] in ("{", "["):
        return "is JSON, not a table; call it .json (one list of objects) or .jsonl (one object per line)"
    if first[:1] == "<":
        return "is HTML or XML, not a table; save it as TSV or CSV"
    return (
        f"its first line is no header: it has {', '.join(repr(name[:_SHOWN]) for name in names[:16])}, but none of "
        "prism's columns (index, question, image, answer, A, B, ...), separated by tabs, commas, semicolons or bars"
    )


def _missing(wanted: str, columns: tuple[str, ...], names: list[str]) -> str:
    if (near := misspelt(wanted, columns) or likely(wanted, columns)) is not None:
        return f"has no column {wanted!r}; did you mean {near!r}? Rename it"
    header = ", ".join(repr(name[:_SHOWN]) for name in names[:16])
    return f"has no column {wanted!r}; the header has {header}"
