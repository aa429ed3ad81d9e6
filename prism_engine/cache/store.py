"""The cache: looks up completions by key and output limit, stores them durably, and claims calls."""

from __future__ import annotations

import threading
from contextlib import closing, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import orjson

from prism_engine.cache.call_rows import REUSABLE, choose, decode, encode, intact
from prism_engine.cache.locks import Claims, lock_path
from prism_engine.cache.schema import open_reader, translated
from prism_engine.cache.writer import Writer
from prism_engine.errors import StoreError
from prism_engine.records import Outcome

if TYPE_CHECKING:
    import asyncio
    import sqlite3
    from collections.abc import Iterable
    from pathlib import Path

    from prism_engine.cache.key import Identity
    from prism_engine.records import Call, Completion

_BATCH = 500
_SELECT_ONE = """
    SELECT id, key, max_tokens, outcome, value, checksum FROM completions
    WHERE key = ? ORDER BY id
"""
_SELECT_MANY = """
    SELECT id, key, max_tokens, outcome, value, checksum FROM completions
    WHERE key IN (SELECT value FROM json_each(?)) ORDER BY id
"""


class Flight(NamedTuple):
    """A call in flight."""

    limit: int
    """Its output limit (tokens)."""
    future: asyncio.Future[Completion]


class Store:
    """Finished calls in one SQLite file, shared by any number of processes on one machine.

    Once `put` has returned, its row survives any end of this process; after a power loss the last moments may be
    missing, but no row is torn. Reading never waits for writing. All methods may be called from any thread; only `put`
    needs a running event loop, which may be any loop. Keep one writable `Store` per file and process, because claims
    belong to the process (see `Claims`), and open a new one after a fork.

    Attributes:
        flights: calls that this process has in flight, by key; another request for one of them waits for its result.
            Maintained by the caller that makes the calls: see `CachedModel`.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open a store.

        Args:
            path: the SQLite file; it and its folder are created if missing.
            read_only: create and write nothing; a missing file is an empty store.

        Raises:
            StoreError: the file cannot be opened, is not a prism cache, or was written by a newer prism.
        """
        self.path = path
        self.flights: dict[str, Flight] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._corrupt: set[int] = set()
        self._writer = None if read_only else Writer(path)
        self._claims: Claims | None = None
        self._reader: sqlite3.Connection | None = None
        try:
            if not read_only:
                self._claims = Claims(lock_path(path))
            self._reader = open_reader(path)
        except StoreError:
            self.close()
            raise

    @property
    def corrupt(self) -> int:
        """Rows read so far that failed their checksum; each was a miss, and set aside unless the store is read-only."""
        return len(self._corrupt)

    def get(self, key: str, limit: int) -> Completion | None:
        """Return the completion stored for a call under this output limit (tokens), or None.

        Only ok and truncated completions are served, by the rule of `call_rows.serves`; if multiple ones qualify,
        `call_rows.choose` picks one.

        Raises:
            StoreError: the store is closed or cannot be read.
        """
        rows = self._intact_rows(_SELECT_ONE, key)
        return choose(rows[key], limit) if key in rows else None

    def get_many(self, lookups: Iterable[tuple[str, int]]) -> list[Completion | None]:
        """Do `get` for many (key, limit) pairs at once; results come in the same order.

        Raises:
            StoreError: as for `get`.
        """
        pairs = iter(lookups)
        completions: list[Completion | None] = []
        while batch := list(islice(pairs, _BATCH)):
            rows = self._intact_rows(_SELECT_MANY, orjson.dumps(sorted({key for key, _ in batch})).decode())
            completions += [choose(rows.get(key, ()), limit) for key, limit in batch]
        return completions

    async def put(self, call: Call, completion: Completion, identity: Identity | None = None) -> None:
        """Store a call's completion, and return once it is durable.

        Safe to cancel: once submitted, the row is written anyway. A reusable row is never overwritten; a failure is
        kept for people to inspect until a later attempt replaces it. `not_run` is not stored.

        Args:
            identity: the call's identity, if the caller has already computed it.

        Raises:
            StoreError: the row could not be written (full disk, ...), or the store is closed or read-only.
            RejectedError, ConfigError: the call has no key, see `identify`.
        """
        if self._writer is None:
            raise StoreError(f"cache {self.path}: opened read-only")
        if completion.outcome is not Outcome.NOT_RUN:
            await self._writer.submit(encode(call, completion, identity))

    def try_claim(self, key: str) -> bool:
        """Claim a call for this process; False while another process holds the claim.

        Poll while it is False, and look the key up again once it is True: the other process may have stored the
        completion in the meantime. A claim ends with `release`, `close`, or the end of the process in any way.
        Within one process it always succeeds: the caller must ensure that a call is made only once.

        Raises:
            StoreError: the store is closed or read-only, or the file system does not support locks.
        """
        return self._writable_claims().try_claim(key)

    def release(self, key: str) -> None:
        """Release a claim; does nothing if there is none.

        Raises:
            StoreError: as for `try_claim`.
        """
        self._writable_claims().release(key)

    def query(self, statement: str, *parameters: str | int) -> list[tuple[Any, ...]]:
        """Run one SQL query and return all its rows; none if there is no file yet.

        For the modules of this package. Page through large tables: the query holds a lock that other threads wait for.

        Raises:
            StoreError: as for `get`.
        """
        with self._lock, translated(self.path):
            if self._closed:
                raise StoreError(f"cache {self.path}: the cache is closed")
            if self._reader is None:
                return []
            with closing(self._reader.execute(statement, parameters)) as cursor:
                return cursor.fetchall()

    def close(self) -> None:
        """Write what is queued, release all claims and close the file. Idempotent."""
        with self._lock:
            self._closed = True
            if self._reader is not None:
                self._reader.close()
        if self._writer is not None:
            self._writer.close()
        if self._claims is not None:
            self._claims.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _writable_claims(self) -> Claims:
        if self._claims is None:
            raise StoreError(f"cache {self.path}: opened read-only")
        return self._claims

    def _intact_rows(self, statement: str, parameter: str) -> dict[str, list[tuple[int, Completion]]]:
        """Return the (max_tokens, completion) pairs of each key, in storage order."""
        rows: dict[str, list[tuple[int, Completion]]] = {}
        for number, key, max_tokens, outcome, value, expected in self.query(statement, parameter):
            try:
                if not intact(key, max_tokens, outcome, value, expected=expected):
                    self._note_corrupt(number)
                elif outcome in REUSABLE:
                    rows.setdefault(key, []).append((max_tokens, decode(outcome, value, key)))
            except ValueError:  # the checksum fits, but prism did not write it
                self._note_corrupt(number)
        return rows

    def _note_corrupt(self, number: int) -> None:
        if self._writer is not None and number not in self._corrupt:
            with suppress(StoreError):  # a stopped writer fails the next `put`; this lookup is a miss either way
                self._writer.set_aside(number)
        self._corrupt.add(number)
