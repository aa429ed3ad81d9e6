"""First opening of a benchmark: one streaming pass from the table into the picture store and the index."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.datasets.cells import PictureCells
from prism_engine.datasets.index import Facts, building, is_current
from prism_engine.datasets.tsv import Table
from prism_engine.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from concurrent.futures import Future
    from pathlib import Path

    from prism_engine.datasets.cells import Reference, Stored
    from prism_engine.datasets.images import ImageStore
    from prism_engine.datasets.tsv import Row


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """How far the first reading of a benchmark is."""

    rows: int
    """Rows done, dropped ones included."""
    bytes_read: int
    bytes_total: int


Progress = Callable[[IngestProgress], None]
"""Told after every row, in the thread that opens the benchmark."""


def ensure_index(table: Path, folder: Path, store: ImageStore, progress: Progress | None = None) -> Path:
    """The index of a table, read afresh where the one in `folder` is missing or out of date.

    Safe to run in several processes at once, and to kill.

    Args:
        table: absolute path of the TSV file.
        folder: where indexes lie.
        progress: called after every row, in the calling thread.

    Raises:
        DatasetError: the table is malformed, or changed while it was read.
        StoreError: the cache cannot be written.
    """
    try:
        status = table.stat()
    except OSError as error:
        raise DatasetError(f"cannot be opened: {error.strerror}", path=table) from error
    place = hashlib.sha256(os.fsencode(table)).hexdigest()[:16]
    index = folder / f"{table.stem[:48]}-{place}.sqlite"
    if not is_current(index, table, status, store):
        _ingest(table, index, store, progress)
    return index


def _ingest(path: Path, index: Path, store: ImageStore, progress: Progress | None) -> None:
    with Table(path) as table, building(index, path) as writer:
        before = table.status()
        cells = PictureCells(path, "image" if "image" in table.columns else "image_path", store)
        rows = 0
        with closing(_in_order(cells.read, table)) as found:
            for rows, (row, pictures) in enumerate(found, start=1):
                if pictures:
                    writer.add(row, pictures)
                if progress is not None:
                    progress(IngestProgress(rows, table.bytes_read, before.st_size))
        if not writer.samples:
            raise DatasetError("has no row with a picture", path=path)
        writer.resolve()
        after = table.status()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise DatasetError("changed while it was read; try again when it is complete", path=path)
        facts = Facts(
            path=str(path),
            size=after.st_size,
            mtime_ns=after.st_mtime_ns,
            sha256=table.sha256,
            columns=table.columns,
            samples=writer.samples,
            dropped=rows - writer.samples,
            integer_ids=writer.integer_ids,
            pictures=writer.pictures,
        )
        writer.finish(facts)


def _in_order(
    read: Callable[[Row], tuple[Stored | Reference, ...]], rows: Iterable[Row]
) -> Generator[tuple[Row, tuple[Stored | Reference, ...]]]:
    """Each row with its pictures, in order, a few ahead: Pillow decodes outside Python's lock."""
    workers = min(4, os.cpu_count() or 1)
    waiting: deque[tuple[Row, Future[tuple[Stored | Reference, ...]]]] = deque()
    with ThreadPoolExecutor(workers, "prism-ingest") as pool:
        for row in rows:
            waiting.append((row, pool.submit(read, row)))
            if len(waiting) > workers:
                first, future = waiting.popleft()
                yield first, future.result()
        for row, future in waiting:
            yield row, future.result()
