"""The cache's writer thread: collects rows for a few milliseconds and commits them together."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.cache.schema import checkpoint, open_writer, transaction, translated
from prism_engine.cache.storing import set_aside_damaged, store_rows
from prism_engine.errors import StoreError
from prism_engine.group_commit import GroupCommit, call_in_loops
from prism_engine.same_file import SameFile

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.cache.call_rows import CallRow

GROUP_ROWS = 512
"""Maximum rows in one transaction."""


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
        self._file = SameFile(path, may_shrink=True)  # `prism cache gc` does
        name, stopped = f"cache writer {path.name}", f"cache {path}: its writer has stopped"
        self._thread = GroupCommit(name, self._commit, self._end, stopped, limit=GROUP_ROWS)

    def submit(self, row: CallRow) -> asyncio.Future[None]:
        """Queue a row; may be called from any thread with a running event loop.

        Returns:
            A future of that loop that is done once the row is committed. Cancelling it does not cancel the write.

        Raises:
            StoreError: the writer is closed, or an earlier write failed.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._thread.put(_WriteJob(row, done))
        return done

    def set_aside(self, number: int) -> None:
        """Queue a row (by id) to be set aside if it is damaged; may be called from any thread.

        Raises:
            StoreError: as for `submit`.
        """
        self._thread.put(_Damaged(number))

    def close(self) -> None:
        """Write what is queued, checkpoint the log, and end the thread. Idempotent; may block."""
        self._thread.refuse(f"cache {self._path}: the cache is closed")
        self._thread.join()

    def _commit(self, group: list[_WriteJob | _Damaged]) -> None:
        if group:
            with translated(self._path):
                if problem := self._file.problem():
                    raise StoreError(f"cache {self._path}: {problem}; run again, and finished calls are kept again")
                self._write(group)
            _settle(group, None)

    def _write(self, group: list[_WriteJob | _Damaged]) -> None:
        damaged = [job.number for job in group if isinstance(job, _Damaged)]
        with transaction(self._connection):
            if damaged:
                set_aside_damaged(self._connection, damaged)
            store_rows(self._connection, [job.row for job in group if isinstance(job, _WriteJob)])

    def _end(self, left: list[_WriteJob | _Damaged], refusal: str) -> None:
        if left:
            _settle(left, refusal)
        else:  # everything was written
            checkpoint(self._connection)
        self._connection.close()


def _settle(group: list[_WriteJob | _Damaged], refusal: str | None) -> None:
    """Complete all futures."""
    waiting = ((job.done.get_loop(), job.done) for job in group if isinstance(job, _WriteJob))
    call_in_loops(partial(_complete, refusal), waiting)


def _complete(refusal: str | None, futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if future.done():  # cancelled
            continue
        if refusal is None:
            future.set_result(None)
        else:
            future.set_exception(StoreError(refusal))
