"""The one thread that writes: rows are gathered for a few milliseconds and committed together."""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.cache.rows import Row, intact
from prism_engine.cache.schema import open_writer, store_error
from prism_engine.errors import StoreError
from prism_engine.records import Outcome

if TYPE_CHECKING:
    from pathlib import Path

GROUP_ROWS = 64
"""Rows in one transaction at most."""
GROUP_SECONDS = 0.002
"""How long the first row of a transaction waits for company at most."""
_CHECKPOINT_MILLISECONDS = 1000

_INSERT_REQUEST = """
    INSERT INTO requests (key, stage, model, record) VALUES (?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET record = excluded.record WHERE record <> excluded.record
"""
_SELECT_ROW = "SELECT outcome, value, checksum FROM completions WHERE key = ? AND max_tokens = ?"
_REPLACE_ROW = """
    REPLACE INTO completions
        (key, max_tokens, outcome, value, checksum, prompt_tokens, completion_tokens, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


class _Job(NamedTuple):
    row: Row
    done: Future[None]


class Writer:
    """Owns the writing connection and its thread.

    The first failed transaction ends it: its rows and all later ones get the same StoreError, at once.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, creating it where it is missing, and start the thread.

        Raises:
            StoreError: see `open_writer`.
        """
        self._path = path
        self._connection = open_writer(path)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._refusal: str | None = None
        # A daemon: a store that nobody closed must not keep the interpreter from ending.
        self._thread = threading.Thread(target=self._run, name=f"cache writer {path.name}", daemon=True)
        self._thread.start()

    def submit(self, row: Row) -> Future[None]:
        """Queue a row; callable from any thread.

        Returns:
            A future which is done once the row is committed, and which cannot be cancelled.

        Raises:
            StoreError: the writer is closed, or an earlier write failed.
        """
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()
        with self._lock:
            if self._refusal is not None:
                raise StoreError(self._refusal)
            self._jobs.put(_Job(row, done))
        return done

    def close(self) -> None:
        """Write what is queued, fold the log into the file, and end the thread. Idempotent; it may block."""
        self._refuse(f"cache {self._path}: the cache is closed")
        self._thread.join()

    def _refuse(self, reason: str) -> None:
        """Take no more rows; the None that ends the queue is behind every row that was taken."""
        with self._lock:
            self._refusal = self._refusal or reason
            self._jobs.put(None)

    def _run(self) -> None:
        group: list[_Job] = []
        try:
            while group := self._gather():
                self._write(group)
                for job in group:
                    job.done.set_result(None)
            self._checkpoint()
        except sqlite3.Error as error:
            self._refuse(str(store_error(self._path, error)))
        finally:  # whatever happened, nobody is left waiting
            self._refuse(f"cache {self._path}: its writer has stopped")
            while group:
                self._fail(group)
                group = self._gather()
            self._connection.close()

    def _gather(self) -> list[_Job]:
        """Wait for a row and then a moment for its company; empty at the end of the queue."""
        group: list[_Job] = []
        deadline = 0.0
        while len(group) < GROUP_ROWS:
            try:
                job = self._jobs.get(timeout=max(0.0, deadline - time.monotonic()) if group else None)
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)  # still the end for the next gathering
                break
            if not group:
                deadline = time.monotonic() + GROUP_SECONDS
            group.append(job)
        return group

    def _write(self, group: list[_Job]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for job in group:
                self._store(job.row)
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # SQLite rolls back by itself after some errors
                self._connection.execute("ROLLBACK")
            raise

    def _store(self, row: Row) -> None:
        self._connection.execute(_INSERT_REQUEST, (row.key, row.stage, row.model, row.record))
        if not self._holds_reusable(row.key, row.max_tokens):
            self._connection.execute(
                _REPLACE_ROW,
                (
                    row.key,
                    row.max_tokens,
                    row.outcome,
                    row.value,
                    row.checksum,
                    row.prompt_tokens,
                    row.completion_tokens,
                    row.created_at,
                ),
            )

    def _holds_reusable(self, key: str, max_tokens: int) -> bool:
        found = self._connection.execute(_SELECT_ROW, (key, max_tokens)).fetchone()
        if found is None:
            return False
        outcome, value, expected = found
        return intact(key, max_tokens, outcome, value, expected=expected) and Outcome(outcome).reusable

    def _checkpoint(self) -> None:
        """Fold the write-ahead log into the file; another process's reader may well prevent it."""
        with suppress(sqlite3.Error):
            self._connection.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_MILLISECONDS}")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _fail(self, group: list[_Job]) -> None:
        for job in group:
            if not job.done.done():
                job.done.set_exception(StoreError(self._refusal))
