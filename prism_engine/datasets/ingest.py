"""Indexes a benchmark in one streaming pass from the table into the picture store and the index."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from prism_engine.config.benchmarks import answer_kind
from prism_engine.datasets.answer_letters import Numbering
from prism_engine.datasets.index import BenchmarkFacts, building, is_current
from prism_engine.datasets.lettered import options_in, with_options
from prism_engine.datasets.picture_cells import PictureCells
from prism_engine.datasets.sources import open_source
from prism_engine.errors import DatasetError
from prism_engine.scoring import SCORERS

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from concurrent.futures import Future
    from pathlib import Path

    from prism_engine.datasets.images import ImageStore
    from prism_engine.datasets.index import IndexWriter
    from prism_engine.datasets.picture_cells import Reference, StoredPicture
    from prism_engine.datasets.rows import Row, Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """Progress of indexing a benchmark."""

    rows: int
    """Rows read so far, including dropped ones."""
    bytes_read: int
    bytes_total: int


IngestCallback = Callable[[IngestProgress], None]
"""Called after every row, in the thread that opens the benchmark."""


def ensure_index(table: Path, folder: Path, store: ImageStore, progress: IngestCallback | None = None) -> Path:
    """Return the path of a table's index, rebuilt if the one in `folder` is missing or outdated.

    Safe to run in multiple processes at once, and safe to kill.

    Args:
        table: absolute path of the file.
        folder: folder of the indexes.
        progress: called after every row, in the calling thread.

    Raises:
        DatasetError: the table is malformed, or changed while it was read.
        StoreError: the cache cannot be written.
    """
    try:
        status = table.stat()
    except OSError as error:
        raise DatasetError(f"cannot be opened: {error.strerror}", path=table) from error
    path_hash = hashlib.sha256(os.fsencode(table)).hexdigest()[:16]
    index = folder / f"{table.stem[:48]}-{path_hash}.sqlite"
    if not is_current(index, table, status, store):
        _ingest(table, index, store, progress)
    return index


def _ingest(path: Path, index: Path, store: ImageStore, progress: IngestCallback | None) -> None:
    with building(index, path) as writer, ExitStack() as opened:
        source = opened.enter_context(open_source(path))
        before = _statuses(source)
        rows = _fill(writer, source, PictureCells(path, source.picture_column, store, source.folders), progress)
        if rows and not writer.samples:  # text only: every row is a sample
            source = opened.enter_context(open_source(path))
            before = _statuses(source)
            _fill(writer, source, None, progress)
        if not writer.samples:
            raise DatasetError("has no rows", path=path)
        writer.resolve()
        for file, status, after in zip((path, *source.files), before, _statuses(source), strict=True):
            if (status.st_size, status.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise DatasetError("changed while it was read; try again when it is complete", path=file)
            if file != path:
                writer.note_file(file, status)
        facts = BenchmarkFacts(
            path=str(path),
            size=before[0].st_size,
            mtime_ns=before[0].st_mtime_ns,
            sha256=source.sha256,
            columns=source.columns,
            samples=writer.samples,
            dropped=rows - writer.samples,
            integer_ids=writer.integer_ids,
            pictures=writer.pictures,
            name=source.name,
            kind=source.kind,
        )
        writer.finish(facts)


def _fill(writer: IndexWriter, source: Source, cells: PictureCells | None, progress: IngestCallback | None) -> int:
    """Add a source's rows that have a picture, or all of them as text; return the number of rows read.

    Args:
        cells: reads the rows' pictures; None leaves pictures out and no row.
    """
    kind = source.kind or answer_kind(source.name)
    numbering = Numbering()
    rows = 0
    with closing(in_order(_no_pictures if cells is None else cells.read, source)) as pairs:
        for rows, (row, pictures) in enumerate(pairs, start=1):
            if pictures or cells is None:
                lettered = with_options(row, kind)
                options = options_in(lettered.cells)
                numbering.note(row.cells.get("answer", ""), lettered.cells.get("answer", ""), options)
                writer.add(lettered, pictures)
            if progress is not None:
                progress(IngestProgress(rows, source.bytes_read, source.bytes_total))
    if numbering.first is not None and (kind is None or SCORERS[kind].lettered is not None):
        writer.number_answers(numbering.first)
    return rows


def _no_pictures(_: Row) -> tuple[StoredPicture | Reference, ...]:
    return ()


def _statuses(source: Source) -> list[os.stat_result]:
    """Size and times of the benchmark file and of the other files that its rows are read from."""
    return [source.status(), *(file.stat() for file in source.files)]


def in_order(read: Callable[[Row], T], rows: Iterable[Row]) -> Generator[tuple[Row, T]]:
    """Yield each row with the result of `read`, in order, reading a few ahead: Pillow decodes without the GIL."""
    workers = min(4, os.cpu_count() or 1)
    pending: deque[tuple[Row, Future[T]]] = deque()
    iterator = iter(rows)
    failure: DatasetError | None = None
    with ThreadPoolExecutor(workers, "prism-ingest") as pool:
        while True:
            try:
                row = next(iterator)
            except StopIteration:
                break
            except DatasetError as error:
                failure = error  # raised once the rows before it are done
                break
            pending.append((row, pool.submit(read, row)))
            if len(pending) > workers:
                first, future = pending.popleft()
                yield first, future.result()
        for row, future in pending:
            yield row, future.result()
    if failure is not None:
        raise failure
