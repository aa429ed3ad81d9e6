"""The cache's writer thread: collects rows for a few milliseconds and commits them together."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.cache.schema import checkpoint, open_writer, store_error, transaction
from prism_engine.cache.storing import set_aside_damaged, store_rows
from prism_engine.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.cache.call_rows import CallRow

GROUP_ROWS = 512
"""Maximum rows in one transaction."""
GROUP_SECONDS = 0.002
"""Maximum time that the first row of a transaction waits for more rows."""


class _WriteJob(NamedTuple):
    row: CallRow
    done: asyncio.Future[None]


class _Damaged(NamedTuple):
    """A row that a reader found damaged; no caller waits for it."""

    number: int


class Writer:
    """Owns the connection for writing and its thread.

    The first failed transaction stops the writer: its rows and all later ones fail with the same StoreError at once.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, creating it if missing, and start the thread.

        Raises:
            StoreError: see `open_writer`.
        """
        self._path = path
        self._connection = open_writer(path)
        self._jobs: queue.SimpleQueue[_WriteJob | _Damaged | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._refusal: str | None = None
        # A daemon thread: a store that was not closed must not keep the interpreter from exiting.
        self._thread = threading.Thread(target=self._run, name=f"cache writer {path.name}", daemon=True)
        self._thread.start()

    def submit(self, row: CallRow) -> asyncio.Future[None]:
        """Queue a row; may be called from any thread with a running event loop.

        Returns:
            A future of that loop that is done once the row is committed. Cancelling it does not cancel the write.

        Raises:
            StoreError: the writer is closed, or an earlier write failed.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue(_WriteJob(row, done))
        return done

    def set_aside(self, number: int) -> None:
        """Queue a row (by id) to be set aside if it is damaged; may be called from any thread.

        Raises:
            StoreError: as for `submit`.
        """
        self._queue(_Damaged(number))

    def close(self) -> None:
        """Write what is queued, checkpoint the log, and end the thread. Idempotent; may block."""
        self._refuse(f"cache {self._path}: the cache is closed")
        self._thread.join()

    def _queue(self, job: _WriteJob | _Damaged) -> None:
        with self._lock:
            if self._refusal is not None:
                raise StoreError(self._refusal)
            self._jobs.put(job)

    def _refuse(self, reason: str) -> None:
        """Accept no more rows; the None that ends the queue follows every accepted row."""
        with self._lock:
            self._refusal = self._refusal or reason
            self._jobs.put(None)

    def _run(self) -> None:
        group: list[_WriteJob | _Damaged] = []
        try:
            while group := self._gather():
                self._write(group)
                _settle(group, None)
            checkpoint(self._connection)
        except sqlite3.Error as error:
            self._refuse(str(store_error(self._path, error)))
        finally:  # no caller may be left waiting, whatever happened
            self._refuse(f"cache {self._path}: its writer has stopped")
            while group:
                _settle(group, self._refusal)
                group = self._gather()
            self._connection.close()

    def _gather(self) -> list[_WriteJob | _Damaged]:
        """Wait for a row and then briefly for more; empty at the end of the queue."""
        group: list[_WriteJob | _Damaged] = []
        deadline = 0.0
        while len(group) < GROUP_ROWS:
            try:
                job = self._jobs.get(timeout=max(0.0, deadline - time.monotonic()) if group else None)
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)  # the next `_gather` must see the end too
                break
            if not group:
                deadline = time.monotonic() + GROUP_SECONDS
            group.append(job)
        return group

    def _write(self, group: list[_WriteJob | _Damaged]) -> None:
        damaged = [job.number for job in group if isinstance(job, _Damaged)]
        with transaction(self._connection):
            if damaged:
                set_aside_damaged(self._connection, damaged)
            store_rows(self._connection, [job.row for job in group if isinstance(job, _WriteJob)])


def _settle(group: list[_WriteJob | _Damaged], refusal: str | None) -> None:
    """Complete all futures with one callback per event loop: one per future would cost more than the writing."""
    waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for job in group:
        if isinstance(job, _WriteJob):
            waiting.setdefault(job.done.get_loop(), []).append(job.done)
    for loop, futures in waiting.items():
        with suppress(RuntimeError):  # the loop was closed meanwhile, so none of its tasks still waits
            loop.call_soon_threadsafe(_complete, futures, refusal)


def _complete(futures: list[asyncio.Future[None]], refusal: str | None) -> None:
    for future in futures:
        if future.done():  # cancelled
            continue
        if refusal is None:
            future.set_result(None)
        else:
            future.set_exception(StoreError(refusal))
