"""Quota shared by all prism processes on this machine that use the same API key, as leases in a SQLite file."""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prism_engine.backends.limits.expectation import Tokens

CHUNKS = 60
"""A minute's limit is leased in this many parts: about one write per second, whatever the request rate."""
LEASE_LIFETIME = 5.0
"""Seconds within which a lease must be used."""
HEARTBEAT = 2.0
"""Seconds between heartbeats."""
BUSY_TIMEOUT = 0.05
"""Seconds to wait for another process's write, and then until the next try."""
LONGEST_WAIT = 1.0
"""Seconds until the file is checked again, in case a lease was returned early."""

Quantity = Literal["requests", "tokens", "input", "output"]

HEADROOM = 0.03
"""Share of a token limit that multiple processes leave unused, because actual usage is known only later."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS salt (salt BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS leases (
    id INTEGER PRIMARY KEY,
    quota TEXT NOT NULL,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    until REAL NOT NULL  -- on the machine's monotonic clock: counted until then
);
"""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Lease:
    """A part of a limit that this process may use until the lease expires."""

    row: int
    left: int
    expires: float
    used_at: float
    correction: int = 0
    """Tokens that its requests used beyond the amounts taken for them, not yet written to the file."""


@dataclass(slots=True)
class QuotaGrant:
    """The amounts taken from the leases for one request."""

    leases: dict[Quantity, Lease]
    taken: dict[Quantity, int]

    def settle(self, used: Tokens, *, requests: int = 1) -> None:
        """Record the actual usage; only the first call has an effect. It is written to the file with the next lease."""
        for kind, lease in self.leases.items():
            lease.correction += (requests if kind == "requests" else used.of(kind)) - self.taken[kind]
        self.leases = {}


class SharedQuota:
    """A quota that multiple processes share. The leases of a process that dies expire.

    The file contains neither keys nor addresses, only a salted hash of both. If it cannot be used, a warning is logged
    once and this process keeps its limits on its own.

    Args:
        path: the SQLite file, created when first needed.
        secret: identifies the quota: URL, model and key.
        limits: per minute, by kind (`requests`, `tokens`, ...).
        window: seconds for which usage counts.
        clock: seconds, the same clock for all processes of the machine.
    """

    def __init__(
        self,
        path: Path,
        secret: str,
        limits: Mapping[Quantity, int],
        *,
        window: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.others = 0
        """Number of other processes that have used the quota recently."""
        self._path = path
        self._digest = hashlib.sha256(secret.encode()).digest()
        self._leases: dict[Quantity, Lease] = {}
        self.change_limits(limits)
        self._window = window
        self._clock = clock
        self._owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._quota = ""
        self._connection: sqlite3.Connection | None = None
        self._retired: list[Lease] = []
        self._last_heartbeat = float("-inf")
        self._broken = False

    def change_limits(self, limits: Mapping[Quantity, int]) -> None:
        """Keep other limits from now on; what is left of the leases is not used. Other processes keep their own."""
        self._limits = dict(limits)
        self._most = {kind: max(int(limit * (1 - HEADROOM)), 1) for kind, limit in limits.items()}
        for lease in self._leases.values():
            lease.expires = float("-inf")

    def take(self, amounts: Mapping[Quantity, int]) -> QuotaGrant | float:
        """Take `amounts` (by kind) from the leases, or return the seconds after which to try again."""
        most = self._most
        amounts = {kind: min(amount, most[kind]) for kind, amount in amounts.items() if kind in most}
        now = self._clock()
        missing = [kind for kind, amount in amounts.items() if not self._covers(kind, amount, now)]
        if (missing or now >= self._last_heartbeat + HEARTBEAT) and not self._broken:
            try:
                wait = self._write(now, {kind: amounts[kind] for kind in missing})
            except (sqlite3.Error, OSError) as error:
                if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                    return BUSY_TIMEOUT
                self._broken, self.others = True, 0
                _log.warning("%s: %s; rate limits are not shared with other prism processes", self._path, error)
                wait = 0.0
            if wait:
                return wait
        if self._broken:
            return QuotaGrant({}, {})
        for kind, amount in amounts.items():
            self._leases[kind].left -= amount
            self._leases[kind].used_at = now
        return QuotaGrant({kind: self._leases[kind] for kind in amounts}, amounts)

    def close(self) -> None:
        """Return the unused parts of the leases. Idempotent."""
        if self._connection is not None and not self._broken:
            try:
                with self._connection:
                    self._retire(list(self._leases))
                    self._connection.execute("DELETE FROM leases WHERE owner = ? AND kind = ''", (self._owner,))
            except sqlite3.Error as error:
                _log.debug("%s: %s", self._path, error)
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._broken = True

    def _covers(self, kind: Quantity, amount: int, now: float) -> bool:
        lease = self._leases.get(kind)
        return lease is not None and lease.left >= amount and now < lease.expires

    def _write(self, now: float, amounts: Mapping[Quantity, int]) -> float:
        """Lease chunks of at least `amounts`, all or none; return the seconds to wait if none."""
        connection = self._open()
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            horizon = now + self._window + LEASE_LIFETIME + 1  # leases end sooner, unless the clock was reset
            connection.execute("DELETE FROM leases WHERE until <= ? OR until > ?", (now, horizon))
            self._retire(list(amounts))
            self._heartbeat(now)
            available = {kind: self._available(kind) for kind in amounts}
            waits = [self._until_available(now, kind, amounts[kind] - available[kind]) for kind in amounts]
            if wait := max(waits, default=0.0):
                return wait
            for kind, amount in amounts.items():
                leased = min(max(amount, self._limits[kind] // CHUNKS), available[kind])
                row = self._insert(kind, leased, now + LEASE_LIFETIME + self._window)
                self._leases[kind] = Lease(row, leased, now + LEASE_LIFETIME, now)
        return 0.0

    def _retire(self, kinds: list[Quantity]) -> None:
        """Update the rows of these leases, and of earlier ones, to their actual usage and time of use."""
        connection = self._open()
        for kind in kinds:
            if (lease := self._leases.pop(kind, None)) is not None:
                until = lease.used_at + self._window
                connection.execute(
                    "UPDATE leases SET amount = amount - ?, until = ? WHERE id = ?", (lease.left, until, lease.row)
                )
                lease.left = 0
                self._retired.append(lease)
        horizon = self._clock() - self._window
        self._retired = [lease for lease in self._retired if lease.used_at > horizon]
        for lease in self._retired:
            if lease.correction:
                connection.execute("UPDATE leases SET amount = amount + ? WHERE id = ?", (lease.correction, lease.row))
                lease.correction = 0

    def _heartbeat(self, now: float) -> None:
        connection = self._open()
        if now >= self._last_heartbeat + HEARTBEAT:
            connection.execute("DELETE FROM leases WHERE owner = ? AND kind = ''", (self._owner,))
            self._insert("", 0, now + 3 * HEARTBEAT)
            self._last_heartbeat = now
        owners = "SELECT count(DISTINCT owner) FROM leases WHERE quota = ? AND kind = '' AND owner <> ?"
        (self.others,) = connection.execute(owners, (self._quota, self._owner)).fetchone()

    def _insert(self, kind: Quantity | Literal[""], amount: int, until: float) -> int:
        connection = self._open()
        row = connection.execute(
            "INSERT INTO leases (quota, owner, kind, amount, until) VALUES (?, ?, ?, ?, ?)",
            (self._quota, self._owner, kind, amount, until),
        ).lastrowid
        assert row is not None
        return row

    def _available(self, kind: Quantity) -> int:
        connection, limit = self._open(), self._limits[kind]
        rows = connection.execute("SELECT total(amount) FROM leases WHERE quota = ? AND kind = ?", (self._quota, kind))
        headroom = limit * HEADROOM if self.others and kind != "requests" else 0
        return int(limit - headroom - rows.fetchone()[0])

    def _until_available(self, now: float, kind: Quantity, missing: int) -> float:
        if missing <= 0:
            return 0.0
        connection = self._open()
        rows = connection.execute(
            "SELECT until, amount FROM leases WHERE quota = ? AND kind = ? ORDER BY until", (self._quota, kind)
        )
        for until, amount in rows:
            missing -= amount
            if missing <= 0:
                return min(max(float(until) - now, 1e-3), LONGEST_WAIT)
        return LONGEST_WAIT

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")  # a power failure makes every lease void anyway
            connection.executescript(_SCHEMA)
            connection.execute(
                "INSERT INTO salt SELECT ? WHERE NOT EXISTS (SELECT * FROM salt)", (secrets.token_bytes(16),)
            )
            (salt,) = connection.execute("SELECT salt FROM salt").fetchone()
        except BaseException:
            connection.close()
            raise
        boot = _BOOT.read_bytes() if _BOOT.is_file() else platform.node().encode()
        self._quota = hashlib.sha256(salt + self._digest + boot).hexdigest()
        self._connection = connection
        return connection
