"""One quota for all prism processes on this machine that use the same key: leases in a small SQLite file."""

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
"""A minute's limit is leased in so many parts: about one write per second at full speed, whatever the requests."""
LIFE = 5.0
"""Seconds within which a lease must be used."""
PRESENCE = 2.0
"""Seconds between signs of life."""
BUSY = 0.05
"""Seconds that another process's write is waited for, and after which it is tried again."""
LONGEST_WAIT = 1.0
"""Seconds until the file is looked at again, in case a lease was given back early."""

Quantity = Literal["requests", "tokens", "input", "output"]

SPARE = 0.03
"""Share of a limit on tokens that several processes leave alone: what replies really used is known only later."""

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
    """A part of a limit that this process may use until it expires."""

    row: int
    left: int
    expires: float
    used_at: float
    correction: int = 0
    """What its requests used beyond what was taken for them, not yet written."""


@dataclass(slots=True)
class QuotaGrant:
    """What was taken for one request."""

    leases: dict[Quantity, Lease]
    taken: dict[Quantity, int]

    def settle(self, used: Tokens, *, requests: int = 1) -> None:
        """Say what was really used; what is said first counts. It is written with the next lease."""
        for kind, lease in self.leases.items():
            lease.correction += (requests if kind == "requests" else used.of(kind)) - self.taken[kind]
        self.leases = {}


class SharedQuota:
    """What several processes may send together; a process that dies gives its leases back by their age.

    The file holds neither keys nor addresses, only a salted hash of both. Where it cannot be used, a warning is
    logged once and this process keeps its limits by itself.

    Args:
        path: the SQLite file, made when first needed.
        secret: whatever makes the quota the same one: URL, model and key.
        limits: per minute, by kind (`requests`, `tokens`, ...).
        window: seconds for which a use counts.
        clock: seconds, the same for all processes of the machine.
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
        """Other processes that were seen to use it lately."""
        self._path = path
        self._digest = hashlib.sha256(secret.encode()).digest()
        self._limits = dict(limits)
        self._window = window
        self._clock = clock
        self._owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._quota = ""
        self._base: sqlite3.Connection | None = None
        self._leases: dict[Quantity, Lease] = {}
        self._old: list[Lease] = []
        self._present = float("-inf")
        self._broken = False

    def take(self, wanted: Mapping[Quantity, int]) -> QuotaGrant | float:
        """Take so many of each kind out of the leases; or return the seconds after which to ask again."""
        most = {kind: max(int(limit * (1 - SPARE)), 1) for kind, limit in self._limits.items()}
        wanted = {kind: min(amount, most[kind]) for kind, amount in wanted.items() if kind in most}
        now = self._clock()
        lacking = [kind for kind, amount in wanted.items() if not self._has(kind, amount, now)]
        if (lacking or now >= self._present + PRESENCE) and not self._broken:
            try:
                wait = self._write(now, {kind: wanted[kind] for kind in lacking})
            except (sqlite3.Error, OSError) as error:
                if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                    return BUSY
                self._broken, self.others = True, 0
                _log.warning("%s: %s; other prism processes do not count towards the rate limits", self._path, error)
                wait = 0.0
            if wait:
                return wait
        if self._broken:
            return QuotaGrant({}, {})
        for kind, amount in wanted.items():
            self._leases[kind].left -= amount
            self._leases[kind].used_at = now
        return QuotaGrant({kind: self._leases[kind] for kind in wanted}, wanted)

    def close(self) -> None:
        """Give back what was not used. Idempotent."""
        if self._base is not None and not self._broken:
            try:
                with self._base:
                    self._retire(list(self._leases))
                    self._base.execute("DELETE FROM leases WHERE owner = ? AND kind = ''", (self._owner,))
            except sqlite3.Error as error:
                _log.debug("%s: %s", self._path, error)
        if self._base is not None:
            self._base.close()
            self._base = None
        self._broken = True

    def _has(self, kind: Quantity, amount: int, now: float) -> bool:
        lease = self._leases.get(kind)
        return lease is not None and lease.left >= amount and now < lease.expires

    def _write(self, now: float, wanted: Mapping[Quantity, int]) -> float:
        """Lease chunks that hold at least what is wanted, all or none; return the seconds to wait if none."""
        base = self._open()
        with base:
            base.execute("BEGIN IMMEDIATE")
            far = now + self._window + LIFE + 1  # later than any lease of now: from before a clock began anew
            base.execute("DELETE FROM leases WHERE until <= ? OR until > ?", (now, far))
            self._retire(list(wanted))
            self._appear(now)
            free = {kind: self._free(kind) for kind in wanted}
            waits = [self._until_free(now, kind, wanted[kind] - free[kind]) for kind in wanted]
            if wait := max(waits, default=0.0):
                return wait
            for kind, least in wanted.items():
                amount = min(max(least, self._limits[kind] // CHUNKS), free[kind])
                row = self._insert(kind, amount, now + LIFE + self._window)
                self._leases[kind] = Lease(row, amount, now + LIFE, now)
        return 0.0

    def _retire(self, kinds: list[Quantity]) -> None:
        """Bring the rows of used leases to what was really used, and when."""
        base = self._open()
        for kind in kinds:
            if (lease := self._leases.pop(kind, None)) is not None:
                until = lease.used_at + self._window
                base.execute(
                    "UPDATE leases SET amount = amount - ?, until = ? WHERE id = ?", (lease.left, until, lease.row)
                )
                lease.left = 0
                self._old.append(lease)
        horizon = self._clock() - self._window
        self._old = [lease for lease in self._old if lease.used_at > horizon]
        for lease in self._old:
            if lease.correction:
                base.execute("UPDATE leases SET amount = amount + ? WHERE id = ?", (lease.correction, lease.row))
                lease.correction = 0

    def _appear(self, now: float) -> None:
        base = self._open()
        if now >= self._present + PRESENCE:
            base.execute("DELETE FROM leases WHERE owner = ? AND kind = ''", (self._owner,))
            self._insert("", 0, now + 3 * PRESENCE)
            self._present = now
        owners = "SELECT count(DISTINCT owner) FROM leases WHERE quota = ? AND kind = '' AND owner <> ?"
        (self.others,) = base.execute(owners, (self._quota, self._owner)).fetchone()

    def _insert(self, kind: Quantity | Literal[""], amount: int, until: float) -> int:
        base = self._open()
        row = base.execute(
            "INSERT INTO leases (quota, owner, kind, amount, until) VALUES (?, ?, ?, ?, ?)",
            (self._quota, self._owner, kind, amount, until),
        ).lastrowid
        assert row is not None
        return row

    def _free(self, kind: Quantity) -> int:
        base, limit = self._open(), self._limits[kind]
        rows = base.execute("SELECT total(amount) FROM leases WHERE quota = ? AND kind = ?", (self._quota, kind))
        spare = limit * SPARE if self.others and kind != "requests" else 0
        return int(limit - spare - rows.fetchone()[0])

    def _until_free(self, now: float, kind: Quantity, missing: int) -> float:
        if missing <= 0:
            return 0.0
        base = self._open()
        rows = base.execute(
            "SELECT until, amount FROM leases WHERE quota = ? AND kind = ? ORDER BY until", (self._quota, kind)
        )
        for until, amount in rows:
            missing -= amount
            if missing <= 0:
                return min(max(float(until) - now, 1e-3), LONGEST_WAIT)
        return LONGEST_WAIT

    def _open(self) -> sqlite3.Connection:
        if self._base is not None:
            return self._base
        self._path.parent.mkdir(parents=True, exist_ok=True)
        base = sqlite3.connect(self._path, timeout=BUSY, isolation_level=None)
        try:
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = OFF")  # after a power cut every lease is void anyway
            base.executescript(_SCHEMA)
            base.execute("INSERT INTO salt SELECT ? WHERE NOT EXISTS (SELECT * FROM salt)", (secrets.token_bytes(16),))
            (salt,) = base.execute("SELECT salt FROM salt").fetchone()
        except BaseException:
            base.close()
            raise
        boot = _BOOT.read_bytes() if _BOOT.is_file() else platform.node().encode()
        self._quota = hashlib.sha256(salt + self._digest + boot).hexdigest()
        self._base = base
        return base
