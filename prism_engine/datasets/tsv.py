"""Streams the rows of a VLMEvalKit TSV and reports exactly where it is malformed."""

from __future__ import annotations

import codecs
import csv
import difflib
import hashlib
import os
from typing import TYPE_CHECKING, Self

from prism_engine.config.benchmarks import known_benchmark
from prism_engine.datasets.rows import MAX_CELL, Row, column_name, picture_folders, refuse
from prism_engine.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from prism_engine.datasets.rows import Broken

LOCAL = "_local"
"""Suffix that VLMEvalKit adds to the name of a file whose pictures it extracted; not part of the benchmark's name."""

_SHOWN = 64


class Table:
    """One pass over a TSV file, with one row in memory at a time.

    Cells are separated by tabs and may be quoted; a quoted cell may contain tabs, line breaks and doubled quotes, and a
    quote inside an unquoted cell is a plain character. No cell is ever interpreted: `None`, `NA`
    and `007` stay as they are. Column names are lower-cased, except the single letters A-Z (options).

    Args:
        broken: called for each row with too many or too few cells, or without an index; these rows are left out.

    Opening and iterating raise:
        DatasetError: the file cannot be read, is not UTF-8, or is not a table with a benchmark's columns.
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
        self.bytes_read = 0
        """Bytes of the file read so far."""
        self._hash = hashlib.sha256()
        self._row: int | None = None
        self._ended = False
        # Process-global in Python; only ever raised, so other users of csv are not affected.
        csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise DatasetError(f"cannot be opened: {error.strerror}", path=path) from error
        try:
            self._rows = self._split()
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
                yield Row(number, dict(zip(self.columns, cells, strict=True)) | default)
            self._row = number

    @property
    def picture_column(self) -> str:
        """`image` (payloads and references) or `image_path` (file names)."""
        return "image" if "image" in self.columns else "image_path"

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
        return os.fstat(self._file.fileno())

    def _lines(self) -> Iterator[str]:
        while True:
            try:
                line = self._file.readline(MAX_CELL + 1)
            except OSError as error:
                raise self._error(f"cannot be read: {error.strerror}") from error
            if not line:
                break
            self._hash.update(line)
            if self.bytes_read == 0:
                self.bytes_read, line = len(line), line.removeprefix(codecs.BOM_UTF8)
            else:
                self.bytes_read += len(line)
            if len(line) > MAX_CELL:
                raise self._error(f"a line is longer than {MAX_CELL >> 20} MiB; is this a TSV file?")
            if b"\0" in line:
                raise self._error("contains a NUL byte; save the file in UTF-8 (not in UTF-16)")
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                raise self._error(f"byte {line[error.start]:#04x} is not UTF-8; save the file in UTF-8") from error
            yield text
        self._ended = True

    def _split(self) -> Iterator[list[str]]:
        reader = csv.reader(self._lines(), delimiter="\t")
        try:
            for cells in reader:
                # A complete row ends with its line; the reader requests another line only inside quotes.
                if self._ended:
                    raise self._error("a quote is opened here and never closed")
                if len(cells) > 1 or "".join(cells).strip():
                    yield cells
        except csv.Error as error:
            raise self._error(f"is not a tab-separated row ({error}); is a quote missing?") from error

    def _header(self) -> tuple[str, ...]:
        names = next(self._rows, None)
        if names is None:
            raise self._error("the file is empty; its first line must name the columns")
        columns = tuple(column_name(name) for name in names)
        for position, column in enumerate(columns):
            if column in columns[:position]:
                raise self._error("the header names this column twice; remove one", column=column)
        question = () if self._question else (("question",),)
        for choices in (("index",), *question, ("image", "image_path")):
            if not set(choices) & set(columns):
                raise self._error(_missing(choices, names))
        return columns

    def _flaw(self, cells: list[str]) -> DatasetError | None:
        """The error that makes the whole row unusable, if any."""
        position = self.columns.index("index")
        if len(cells) != len(self.columns):
            return self._error(
                f"the row has {len(cells)} cells, the header {len(self.columns)}; "
                "a cell that contains a tab, a quote or a line break must be quoted",
                index=cells[position][:_SHOWN] if position < len(cells) else None,
            )
        if not cells[position]:
            return self._error("the cell is empty; every row needs a unique id", column="index")
        return None

    def _error(self, reason: str, *, index: str | None = None, column: str | None = None) -> DatasetError:
        row = None if self._row is None else self._row + 1
        return DatasetError(reason, path=self.path, row=row, index=index, column=column)


def _missing(choices: tuple[str, ...], names: list[str]) -> str:
    wanted = " or ".join(repr(choice) for choice in choices)
    near = [match for choice in choices for match in difflib.get_close_matches(choice, names, n=1)]
    if near:
        return f"has no column {wanted}; rename {near[0]!r}?"
    header = ", ".join(repr(name[:_SHOWN]) for name in names[:16])
    return f"has no column {wanted}; the header has {header}"
