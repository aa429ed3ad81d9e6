"""Indexes a benchmark in one streaming pass from the table into the picture store and the index."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.config.benchmarks import answer_kind
from prism_engine.datasets.answer_letters import Numbering
from prism_engine.datasets.index import BenchmarkFacts, building, is_current
from prism_engine.datasets.lettered import options_in, with_options
from prism_engine.datasets.picture_reading import with_pictures
from prism_engine.datasets.picture_workers import CellSettings
from prism_engine.datasets.sources import open_source
from prism_engine.errors import DatasetError
from prism_engine.scoring import SCORERS

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from prism_engine.datasets.images import ImageStore
    from prism_engine.datasets.index import IndexWriter
    from prism_engine.datasets.picture_cells import RowPictures
    from prism_engine.datasets.rows import Row, Source


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
    index = _index_of(table, folder)
    if not is_current(index, table, status, store):
        _ingest(table, index, store, progress)
    return index


def _ingest(path: Path, index: Path, store: ImageStore, progress: IngestCallback | None) -> None:
    with building(index, path) as writer, ExitStack() as opened:
        source = opened.enter_context(open_source(path))
        reading = IndexPass(source, path, writer)
        reading.fill(settings_of(source, store), progress)
        if reading.rows and not writer.samples:  # text only: every row is a sample
            reading = IndexPass(opened.enter_context(open_source(path)), path, writer)
            reading.fill(None, progress)
        reading.finish()


class IndexPass:
    """One reading of a benchmark that fills its index: `add` every row, then `finish`."""

    def __init__(self, source: Source, path: Path, writer: IndexWriter) -> None:
        self._source = source
        self._path = path
        self._writer = writer
        self._before = _statuses(source)
        self._kind = source.kind or answer_kind(source.name)
        self._numbering = Numbering()
        self.rows = 0
        """Rows added so far, those that make no sample included."""

    def fill(self, settings: CellSettings | None, progress: IngestCallback | None) -> None:
        """Add all rows of the source.

        Args:
            settings: how to read the rows' pictures; None leaves pictures out and no row.

        Raises:
            DatasetError: a row is wrong.
        """
        source = self._source
        total = source.bytes_total
        try:
            with closing(rows_of(source, settings)) as pairs:
                for row, pictures in pairs:
                    if isinstance(pictures, DatasetError):
                        raise pictures
                    self.add(row, with_options(row, self._kind), pictures, text_only=settings is None)
                    if progress is not None:
                        progress(IngestProgress(self.rows, source.bytes_read, total))
        except DatasetError:
            self._writer.flush()  # an earlier row may be wrong, too
            raise

    def add(self, row: Row, lettered: Row, pictures: RowPictures, *, text_only: bool) -> None:
        """Add a row.

        Args:
            lettered: the row with its options as cells.
            text_only: a row without a picture is a sample, too.

        Raises:
            DatasetError: an earlier row has the same index.
        """
        self.rows += 1
        if pictures or text_only:
            options = options_in(lettered.cells)
            self._numbering.note(row.cells.get("answer", ""), lettered.cells.get("answer", ""), options)
            self._writer.add(lettered, pictures)

    def finish(self) -> None:
        """Complete the index.

        Raises:
            DatasetError: no row is a sample, a reference is wrong, or a file changed while it was read.
        """
        source, path, writer = self._source, self._path, self._writer
        first, kind = self._numbering.first, self._kind
        if first is not None and (kind is None or SCORERS[kind].lettered is not None):
            writer.number_answers(first)
        if not writer.samples:
            raise DatasetError("has no rows", path=path)
        writer.resolve()
        for file, status, after in zip((path, *source.files), self._before, _statuses(source), strict=True):
            if (status.st_size, status.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise DatasetError("changed while it was read; try again when it is complete", path=file)
            if file != path:
                writer.note_file(file, status)
        facts = BenchmarkFacts(
            path=str(path),
            size=self._before[0].st_size,
            mtime_ns=self._before[0].st_mtime_ns,
            sha256=source.sha256,
            columns=source.columns,
            samples=writer.samples,
            dropped=self.rows - writer.samples,
            integer_ids=writer.integer_ids,
            pictures=writer.pictures,
            name=source.name,
            kind=source.kind,
        )
        writer.finish(facts)


class _Unusable(Exception):  # noqa: N818 - not an error: it only makes `building` discard its file
    """A reading found what no index can hold."""


class SideIndex:
    """The index that a check of a benchmark leaves behind, so that the next command does not read the file again.

    A file that a run could not read leaves none: the run then reports it.
    """

    def __init__(self, index: IndexPass) -> None:
        self._index = index
        self._usable = True

    def add(self, row: Row, lettered: Row, pictures: RowPictures, *, text_only: bool) -> None:
        """Add a row, as `IndexPass.add`; a row that cannot be added makes the index unusable."""
        if self._usable:
            self._keep(lambda: self._index.add(row, lettered, pictures, text_only=text_only))

    def give_up(self) -> None:
        """Leave no index."""
        self._usable = False

    def finish(self) -> None:
        """Complete the index if every row is in it."""
        if self._usable:
            self._keep(self._index.finish)
        if not self._usable:
            raise _Unusable

    def _keep(self, step: Callable[[], None]) -> None:
        try:
            step()
        except DatasetError:  # the check reports it itself
            self._usable = False


@contextmanager
def side_index(source: Source, folder: Path) -> Iterator[SideIndex]:
    """Build the index of a source that the block reads completely; publish it only if it is what a run would build.

    Raises:
        StoreError: the cache cannot be written.
    """
    path = source.path.absolute()
    with suppress(_Unusable), building(_index_of(path, folder), path) as writer:
        index = SideIndex(IndexPass(source, path, writer))
        yield index
        index.finish()


def _index_of(table: Path, folder: Path) -> Path:
    path_hash = hashlib.sha256(os.fsencode(table)).hexdigest()[:16]
    return folder / f"{table.stem[:48]}-{path_hash}.sqlite"


def settings_of(source: Source, store: ImageStore) -> CellSettings:
    """Return how the pictures of a source are read into a store."""
    return CellSettings(source.path, source.picture_column, store.root, store.max_pixels, source.folders)


def rows_of(source: Source, settings: CellSettings | None) -> Generator[tuple[Row, RowPictures | DatasetError]]:
    """Yield each row with its pictures, as `with_pictures`; without `settings`, with none."""
    return ((row, ()) for row in source) if settings is None else with_pictures(source, settings)


def _statuses(source: Source) -> list[os.stat_result]:
    """Size and times of the benchmark file and of the other files that its rows are read from."""
    return [source.status(), *(file.stat() for file in source.files)]
