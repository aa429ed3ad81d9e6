"""Reads the pictures of a benchmark's rows ahead, in order: at first in this process, then on all cores."""

from __future__ import annotations

import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.datasets.picture_cells import is_picture_file
from prism_engine.datasets.picture_workers import AHEAD, Cell, PictureWorkers, found_in
from prism_engine.datasets.rows import FileName
from prism_engine.errors import DatasetError, StoreError
from prism_engine.usable_cores import usable_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from prism_engine.datasets.picture_cells import RowPictures
    from prism_engine.datasets.picture_workers import CellSettings
    from prism_engine.datasets.rows import EncodedPicture, Row, Source

_ROWS: Final = 256
"""Maximum rows of a chunk."""
_SIZE: Final = 1 << 18
"""Characters and bytes after which a chunk takes no further row."""
_FILE: Final = 1 << 16
"""What a picture in a file of its own counts for."""
_LARGE: Final = 1 << 17
"""From this size on, a chunk is worth a thread: Pillow decodes without the GIL."""
_WORTH_PROCESSES: Final = 3.0
"""Seconds of CPU that the rest must take, by the pace so far, to be worth processes; each takes a third to start."""
_MEASURED: Final = 0.5
"""Seconds of CPU from which that is known."""
_MOST_CORES: Final = 32


class _Chunk(NamedTuple):
    rows: list[Row]
    cells: list[Cell]
    work: int = 0
    """Size of its pictures, as far as it is known before they are read."""
    size: int = 0
    """Characters and bytes in memory."""


def with_pictures(source: Source, settings: CellSettings) -> Generator[tuple[Row, RowPictures | DatasetError]]:
    """Yield each row with its pictures, or with what is wrong with them; close the generator after use.

    Raises:
        DatasetError: the source cannot be read any further; raised after the rows before.
        StoreError: the store cannot be written, or a process was killed.
    """
    failure: list[DatasetError] = []
    pending: deque[tuple[_Chunk, Callable[[], list[RowPictures | str]]]] = deque()
    with closing(_Readers(source, settings)) as readers:
        for chunk in _chunks(source, settings.column, failure):
            while len(pending) >= readers.ahead:
                yield from _finished(*pending.popleft(), settings)
            pending.append((chunk, readers.submit(chunk)))
        while pending:
            yield from _finished(*pending.popleft(), settings)
    if failure:
        raise failure[0]


def _finished(
    chunk: _Chunk, result: Callable[[], list[RowPictures | str]], settings: CellSettings
) -> Iterator[tuple[Row, RowPictures | DatasetError]]:
    for row, found in zip(chunk.rows, result(), strict=True):
        if isinstance(found, str):
            place = {"row": row.number, "index": row.index, "column": settings.column}
            yield row, DatasetError(found, path=settings.table, **place)  # type: ignore[arg-type]
        else:
            yield row, found


def _work(picture: EncodedPicture) -> int:
    """Return the size of a picture as far as it is known before it is read."""
    is_file = isinstance(picture, FileName) or (isinstance(picture, str) and is_picture_file(picture))
    return _FILE if is_file else len(picture)


def _chunks(source: Source, column: str, failure: list[DatasetError]) -> Iterator[_Chunk]:
    """Yield the rows in chunks; an error of the source ends them and is put into `failure`."""
    chunk = _Chunk([], [])
    rows = iter(source)
    while True:
        try:
            row = next(rows, None)
        except DatasetError as error:
            failure.append(error)
            row = None
        if row is None:
            break
        written = row.cells.get(column, "") if row.pictures is None else ""
        pictures = (written,) if row.pictures is None else row.pictures
        work = chunk.work + sum(map(_work, pictures)) + (column == "image_path") * _FILE
        size = chunk.size + sum(map(len, row.cells.values())) + sum(map(len, row.pictures or ()))
        chunk.rows.append(row)
        chunk.cells.append(Cell(written, row.pictures))
        chunk = chunk._replace(work=work, size=size)
        if len(chunk.rows) >= _ROWS or max(work, size) >= _SIZE:
            yield chunk
            chunk = _Chunk([], [])
    if chunk.rows:
        yield chunk


class _Readers:
    """Whoever reads chunks: this thread, other threads, or, once the rest is known to take a while, processes."""

    def __init__(self, source: Source, settings: CellSettings) -> None:
        self._source = source
        self._settings = settings
        self._cells = settings.cells()
        self._begun = time.process_time()
        self._workers: PictureWorkers | None = None
        self._cores = min(usable_cores(), _MOST_CORES)
        self._may_start = bool(sys.executable)  # a program with Python inside has no interpreter to start
        self._opened = ExitStack()
        self._threads = self._opened.enter_context(ThreadPoolExecutor(self._cores, "prism-ingest"))

    @property
    def ahead(self) -> int:
        """Maximum number of chunks that are not finished."""
        return self._cores + 1 if self._workers is None else AHEAD * len(self._workers)

    def submit(self, chunk: _Chunk) -> Callable[[], list[RowPictures | str]]:
        """Begin to read a chunk; return a function that waits for its results."""
        if chunk.work and self._cores > 1:  # without work, the rows have no pictures
            if self._workers is None and self._may_start and self._takes_long():
                self._workers = self._start()
            if self._workers is not None:
                return self._workers.submit(chunk.cells, chunk.rows[0].number)
            if chunk.work >= _LARGE:
                return self._threads.submit(self._read, chunk).result
        found = self._read(chunk)
        return lambda: found

    def close(self) -> None:
        """End all threads and processes."""
        self._opened.close()

    def _read(self, chunk: _Chunk) -> list[RowPictures | str]:
        found = found_in(self._cells, chunk.cells)
        if isinstance(found, StoreError):
            raise found
        return found

    def _takes_long(self) -> bool:
        used, read = time.process_time() - self._begun, self._source.bytes_read
        left = max(self._source.bytes_total - read, 0)
        return used >= _MEASURED and read > 0 and used * left / read >= _WORTH_PROCESSES

    def _start(self) -> PictureWorkers | None:
        try:
            return self._opened.enter_context(closing(PictureWorkers(self._settings, self._cores)))
        except OSError:  # no more processes are allowed: threads do
            self._may_start = False
            return None
