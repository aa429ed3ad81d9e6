"""The ledger file: what an experiment's runs have spent, have reserved, and lost to crashes."""

from __future__ import annotations

import glob
import sqlite3
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.budget.books import MOST, TRIAL_PART, Account, AccountTotals, Books, ClaimHistory
from prism_engine.budget.sessions import LedgerSession, is_alive
from prism_engine.errors import StoreError
from prism_engine.same_file import SameFile
from prism_engine.sql_text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

APPLICATION_ID = 0x50524D4C
"""`PRAGMA application_id` of prism's ledgers: "PRML"."""
SCHEMA_VERSION = 1
SYNCHRONOUS = "FULL"
"""Every commit reaches the disk: a power loss must not lose a reservation whose request may have been sent."""
BUSY_SECONDS = 30.0
"""How long one process waits for another process's transaction."""

_TABLES = (
    """CREATE TABLE sessions (
        token TEXT PRIMARY KEY,     -- one process at this ledger
        started_at REAL NOT NULL,   -- seconds since 1970, UTC
        state TEXT NOT NULL         -- open; ended: it closed its books; dead: it could not
    ) WITHOUT ROWID""",
    """CREATE TABLE accounts (
        session TEXT NOT NULL,
        stage TEXT NOT NULL,        -- what the calls were for
        model TEXT NOT NULL,        -- name in the registry
        requests INTEGER NOT NULL,  -- sent, or about to be
        reserved INTEGER NOT NULL,  -- nano-dollars: computed worst cases of requests that are not settled
        settled INTEGER NOT NULL,   -- the same: costs by what the replies reported
        unknown INTEGER NOT NULL,   -- the same: computed worst cases of requests without a known usage
        PRIMARY KEY (session, stage, model)
    ) WITHOUT ROWID""",
)
_ADDED_TABLES = (
    """CREATE TABLE IF NOT EXISTS lessons (
        stage TEXT NOT NULL,
        model TEXT NOT NULL,
        settings TEXT NOT NULL,     -- digest of what shapes the cost of a request
        replies INTEGER NOT NULL,   -- that reported a usage
        factor INTEGER NOT NULL,    -- per mille: multiplies the computed worst cases above
        PRIMARY KEY (stage, model, settings)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS caps (
        session TEXT PRIMARY KEY,
        cap INTEGER NOT NULL        -- nano-dollars: the cost cap under which the session sent requests
    ) WITHOUT ROWID""",
)
"""Ledgers of earlier versions lack these tables; those versions ignore them."""
_ADD = """
    INSERT INTO accounts (session, stage, model, requests, reserved, settled, unknown) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, reserved = reserved + excluded.reserved,
        settled = MIN(settled + excluded.settled, :most), unknown = MIN(unknown + excluded.unknown, :most)
""".replace(":most", str(MOST))
_LEARN = """
    INSERT INTO lessons (stage, model, settings, replies, factor) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET replies = replies + excluded.replies, factor = MAX(factor, excluded.factor)
"""
_ACCOUNTS = """
    SELECT stage, model, state = 'dead', SUM(reserved), SUM(settled >> 31), SUM(settled & 2147483647),
        SUM(unknown >> 31), SUM(unknown & 2147483647), SUM(CASE WHEN reserved > 0 THEN cap / :part ELSE 0 END)
    FROM accounts JOIN sessions ON token = session LEFT JOIN caps USING (session) GROUP BY stage, model, state = 'dead'
""".replace(":part", str(TRIAL_PART))
"""Saturated amounts are summed in two halves: SQLite has no integers of more than 64 bits."""
_CLOSE_ACCOUNTS = (
    "UPDATE accounts SET unknown = MIN(unknown + reserved, :most), reserved = 0 WHERE session = ?".replace(
        ":most", str(MOST)
    )
)


@dataclass(slots=True)
class LedgerEntry:
    """A change to an account, in nano-dollars."""

    requests: int = 0
    """Number of requests, not nano-dollars."""
    reserved: int = 0
    settled: int = 0
    unknown: int = 0

    def __iadd__(self, other: LedgerEntry) -> LedgerEntry:  # noqa: PYI034 - a dataclass, not meant to be derived from
        self.requests += other.requests
        self.reserved += other.reserved
        self.settled += other.settled
        self.unknown += other.unknown
        return self


class SharedCap(NamedTuple):
    """A cost cap that was changed while runs use it."""

    cap: int
    """Nano-dollars."""
    others: int
    """Number of other processes at the ledger for which it holds from now on."""
    without: int
    """Number of other processes at the ledger that have no cap."""


_OURS = frozenset(plain(statement.replace("IF NOT EXISTS ", "")) for statement in (*_TABLES, *_ADDED_TABLES))
_STATISTICS = ("sqlite_stat1", "sqlite_stat4")


class Ledger:
    """One SQLite file shared by any number of processes on one machine; each is a session with its own accounts.

    Requests are not stored one by one: what is durable is the sum of all reservations. A process that dies leaves its
    sum behind, which is the worst case of everything it had sent. Used by one thread at a time.

    A committed transaction survives any end of the process, and a power loss.
    """

    def __init__(self, path: Path, cap: int | None = None) -> None:
        """Open or create the file, and a session in it.

        Args:
            cap: the cost cap of the session's requests in nano-dollars; None without one.

        Raises:
            StoreError: it cannot be opened, is not a ledger, or was written by a newer prism.
        """
        self.path = path
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Owned by one thread at a time, but not always by the thread that opened it.
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
                self._session = LedgerSession(path)
            except BaseException:
                self._connection.close()
                raise
        with self.transaction():  # after taking the lock: a session without one counts as dead
            self._connection.execute("INSERT INTO sessions VALUES (?, ?, 'open')", (self._session.token, time.time()))
            if cap is not None:
                self._connection.execute("INSERT INTO caps VALUES (?, ?)", (self._session.token, min(cap, MOST)))
        self.mark_dead()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all changes of the block, or none of them; meanwhile no other process can change anything.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._translated():
            if problem := self._file.problem():
                raise StoreError(f"ledger {self.path}: {problem}; no paid request is sent without it")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite rolls back by itself after some errors
                    self._connection.execute("ROLLBACK")
                raise

    def add(self, changes: Mapping[Account, LedgerEntry]) -> None:
        """Add to accounts of this session; inside a transaction."""
        token = self._session.token
        self._connection.executemany(
            _ADD,
            [
                (token, *account.name, change.requests, change.reserved, *_bounded(change.settled, change.unknown))
                for account, change in changes.items()
            ],
        )

    def learn(self, lessons: Mapping[Account, ClaimHistory]) -> None:
        """Add what replies have taught, for all processes; inside a transaction."""
        self._connection.executemany(
            _LEARN, [(*account, lesson.replies, lesson.factor) for account, lesson in lessons.items()]
        )

    def books(self) -> Books:
        """Return the experiment's state; inside a transaction it stays valid until its end."""
        totals: dict[tuple[str, str], AccountTotals] = {}
        with self._translated():
            for stage, model, dead, open_, *halves in self._connection.execute(_ACCOUNTS):
                each = totals.setdefault((stage, model), AccountTotals())
                each.lost += open_ if dead else 0
                each.reserved += 0 if dead else open_
                settled_high, settled_low, unknown_high, unknown_low, trials = halves
                each.trials += (trials or 0) if dead else 0
                each.settled += (settled_high << 31) + settled_low
                each.unknown += (unknown_high << 31) + unknown_low
            rows = self._connection.execute("SELECT stage, model, settings, replies, factor FROM lessons").fetchall()
        return Books(totals, {Account(*key): ClaimHistory(replies, factor) for *key, replies, factor in rows})

    def cap(self) -> int | None:
        """Return the cost cap of this session in nano-dollars, which another process may have changed; None without."""
        with self._translated():
            row = self._connection.execute("SELECT cap FROM caps WHERE session = ?", (self._session.token,)).fetchone()
        return None if row is None else int(row[0])

    def change_caps(self, cap: int) -> SharedCap:
        """Give this session, and every open one that has a cap, another cap; inside a transaction.

        Args:
            cap: nano-dollars.
        """
        token, cap = self._session.token, min(cap, MOST)
        self._connection.execute(
            "INSERT INTO caps VALUES (?, ?) ON CONFLICT DO UPDATE SET cap = excluded.cap", (token, cap)
        )
        open_sessions = "SELECT token FROM sessions WHERE state = 'open'"
        self._connection.execute(f"UPDATE caps SET cap = ? WHERE session IN ({open_sessions})", (cap,))  # noqa: S608
        (others,) = self._connection.execute(
            "SELECT count(*) FROM sessions WHERE state = 'open' AND token <> ?", (token,)
        ).fetchone()
        (capped,) = self._connection.execute(
            f"SELECT count(*) FROM caps WHERE session IN ({open_sessions}) AND session <> ?",  # noqa: S608 - no input
            (token,),
        ).fetchone()
        return SharedCap(cap, capped, others - capped)

    def mark_dead(self) -> None:
        """Mark sessions whose process has died; their reservations count as lost.

        Raises:
            StoreError: the file cannot be read or written.
        """
        with self._translated():
            others = self._connection.execute(
                "SELECT token FROM sessions WHERE state = 'open' AND token <> ?", (self._session.token,)
            ).fetchall()
            dead = [(token,) for (token,) in others if not is_alive(self.path, token)]
        if dead:
            with self.transaction():
                self._connection.executemany(
                    "UPDATE sessions SET state = 'dead' WHERE token = ? AND state = 'open'", dead
                )

    def close(self) -> None:
        """Close this session: open reservations count as spent in full. Idempotent.

        Raises:
            StoreError: the file cannot be written; then the session counts as dead, which has the same effect.
        """
        try:
            with self.transaction():
                self._connection.execute(_CLOSE_ACCOUNTS, (self._session.token,))
                self._connection.execute("UPDATE sessions SET state = 'ended' WHERE token = ?", (self._session.token,))
        finally:
            self._session.close()
            self._connection.close()

    def _prepare(self) -> None:
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                # SQLite does not wait by itself while multiple processes make the same switch.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                break
        self._connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
        self._file = SameFile(self.path, may_shrink=False)
        with self.transaction():
            if not self._is_ours():
                self._refuse_loss()
                for statement in _TABLES:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            for statement in _ADDED_TABLES:
                self._connection.execute(statement)

    def _refuse_loss(self) -> None:
        """Raise StoreError if there is no ledger, but sessions of one: what they spent would be forgotten."""
        if locks := sorted(self.path.parent.glob(f"{glob.escape(self.path.name)}-*.lock")):
            raise StoreError(
                f"ledger {self.path}: it was deleted or emptied while a run used it, so what was spent is unknown; end "
                f"that run, and delete {locks[0].name}{' and the like' if len(locks) > 1 else ''} to start a new ledger"
            )

    def _is_ours(self) -> bool:
        """Whether the tables exist; False for an empty file. Raises StoreError for a file that is not a ledger."""
        application, version, content = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "schema_version")
        )
        if application == APPLICATION_ID and version == SCHEMA_VERSION:
            self._refuse_foreign_parts()
            return True
        if application == APPLICATION_ID:
            raise StoreError(
                f"ledger {self.path}: written by another version of prism; use that one, or another folder"
            )
        if application or version or content:
            raise StoreError(f"ledger {self.path}: not a prism ledger; move it away, or choose another results folder")
        return False

    def _refuse_foreign_parts(self) -> None:
        """Raise StoreError unless all parts are prism's own: a trigger or a constraint can change what is counted."""
        parts = self._connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        for kind, name, statement in parts:
            if name not in _STATISTICS and plain(str(statement)) not in _OURS:
                raise StoreError(
                    f"ledger {self.path}: its {kind} {str(name)[:80]!r} was not made by prism, and could change "
                    "what is counted; choose another results folder"
                )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, OverflowError, UnicodeDecodeError) as error:
            raise StoreError(f"ledger {self.path}: {error}; no paid request is sent without it") from error


def _bounded(*amounts: int) -> tuple[int, ...]:
    return tuple(min(amount, MOST) for amount in amounts)
