"""Processes that read, check and store the pictures of a large benchmark, on all cores.

Each one is a fresh interpreter, because a program that has threads must not be forked, and because `multiprocessing`
would run the user's own script again in each process. They end with their connection, however this process ends.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.datasets.images import ImageStore, PictureError
from prism_engine.datasets.picture_cells import PictureCells
from prism_engine.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from prism_engine.datasets.picture_cells import RowPictures
    from prism_engine.datasets.rows import EncodedPicture

AHEAD: Final = 2
"""Chunks that a process may have at a time: one to work on, one to go on with."""

_PATIENCE: Final = 10.0
"""Seconds in which a process may finish its chunk before it is killed."""


class Cell(NamedTuple):
    """What a row says about its pictures."""

    written: str
    """Its picture cell; empty if there is none."""
    pictures: tuple[EncodedPicture, ...] | None
    """As in `Row`."""


class PictureWorkers:
    """A fixed number of processes; chunks go to them in turn, and results come back in the order of the chunks.

    Args:
        settings: what `PictureCells` is made with: table, column, folder and size limit of the store, folders.
    """

    def __init__(self, settings: CellSettings, count: int) -> None:
        self._table = settings.table
        self._workers: list[_Worker] = []
        self._next = 0
        try:
            for _ in range(count):
                self._workers.append(_Worker(settings))
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return len(self._workers)

    def submit(self, cells: Sequence[Cell], first_row: int) -> Callable[[], list[RowPictures | str]]:
        """Send a chunk; return a function that waits for its results. Call these in the order of the chunks.

        Args:
            first_row: number of the chunk's first row, for errors.

        Raises:
            StoreError: a process was killed; also on waiting, as well as if the store cannot be written.
        """
        worker = self._workers[self._next % len(self._workers)]
        self._next += 1

        def result() -> list[RowPictures | str]:
            try:
                return worker.receive()
            except (EOFError, OSError) as error:
                raise self._killed(worker, first_row) from error

        try:
            worker.connection.send(cells)
        except OSError as error:
            raise self._killed(worker, first_row) from error
        return result

    def close(self) -> None:
        """End all processes, and wait for them. Idempotent."""
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            try:
                worker.process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()

    def _killed(self, worker: _Worker, row: int) -> StoreError:
        with suppress(subprocess.TimeoutExpired):
            worker.process.wait(_PATIENCE)
        code = worker.process.returncode
        how = f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
        return StoreError(
            f"{self._table}, row {row} or one of the next: a process that reads its pictures ended {how}; is the "
            "machine out of memory? All pictures read so far are kept: run the same command again"
        )


class CellSettings(NamedTuple):
    """What `PictureCells` is made with, as plain values."""

    table: Path
    column: str
    store: Path
    max_pixels: int
    folders: tuple[Path, ...]

    def cells(self) -> PictureCells:
        """Return the reader of picture cells."""
        return PictureCells(self.table, self.column, ImageStore(self.store, max_pixels=self.max_pixels), self.folders)


class _Worker:
    """One process with its connection."""

    def __init__(self, settings: CellSettings) -> None:
        self.connection, theirs = Pipe()
        with theirs:
            code = (
                "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "  # Ctrl-C is for the parent
                f"sys.path[:] = {sys.path!r}; from {__name__} import main; main({theirs.fileno()})"
            )
            command = [sys.executable, "-P", "-W", "ignore", "-c", code]
            try:
                self.process = subprocess.Popen(  # noqa: S603 - our own interpreter on our own text
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
                )
                self.connection.send(settings)
            except BaseException:
                self.connection.close()
                raise

    def receive(self) -> list[RowPictures | str]:
        found: list[RowPictures | str] | StoreError = self.connection.recv()
        if isinstance(found, StoreError):
            raise found
        return found


def main(descriptor: int) -> None:
    """Read chunks until the connection ends.

    Args:
        descriptor: of the connection to the process that started this one.
    """
    connection = Connection(descriptor)
    chunks: queue.SimpleQueue[list[Cell] | None] = queue.SimpleQueue()
    # In a thread, so that the parent can always send the next chunk, even before it takes the last results.
    try:
        settings: CellSettings = connection.recv()
    except (EOFError, OSError):
        return
    cells = settings.cells()
    Thread(target=_receive, args=(connection, chunks), daemon=True).start()
    while (chunk := chunks.get()) is not None:
        found = found_in(cells, chunk)
        try:
            connection.send(found)
        except OSError:  # the parent is gone, or wants no more
            break
    os._exit(0)  # not through the thread that may still be receiving


def _receive(connection: Connection, chunks: queue.SimpleQueue[list[Cell] | None]) -> None:
    with suppress(EOFError, OSError):
        while True:
            chunks.put(connection.recv())
    chunks.put(None)


def found_in(cells: PictureCells, chunk: Sequence[Cell]) -> list[RowPictures | str] | StoreError:
    """Return each row's pictures, or what is wrong with them."""
    found: list[RowPictures | str] = []
    for cell in chunk:
        try:
            found.append(cells.stored(cell.written, cell.pictures))
        except PictureError as error:
            found.append(str(error))
        except StoreError as error:
            return error
    return found
