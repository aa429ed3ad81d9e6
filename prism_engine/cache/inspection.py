"""What a cache holds, for people: statistics, and one call in full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.cache.call_rows import decode, intact, is_record
from prism_engine.errors import StoreError, UserError

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.cache.store import Store
    from prism_engine.records import Completion

_CANDIDATES = 8

_TALLIES = """
    SELECT stage, model, outcome, COUNT(*), SUM(LENGTH(value)),
           COALESCE(SUM(prompt_tokens), 0), COALESCE(SUM(completion_tokens), 0), MIN(created_at), MAX(created_at)
    FROM completions JOIN requests USING (key)
    GROUP BY stage, model, outcome ORDER BY stage, model, outcome
"""
_MATCHES = """
    SELECT key, stage, model, record FROM requests WHERE key >= ? AND key < ? ORDER BY key LIMIT ?
"""
_ROWS_OF_KEY = """
    SELECT max_tokens, outcome, value, checksum, created_at FROM completions WHERE key = ? ORDER BY max_tokens
"""
_HAS_SET_ASIDE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'set_aside'"


@dataclass(frozen=True, slots=True)
class Tally:
    """The rows of one stage, model and outcome."""

    stage: str
    model: str
    outcome: str
    rows: int
    value_bytes: int
    """Size of the completions, requests left out."""
    prompt_tokens: int
    """Where the model counted them, like the next."""
    completion_tokens: int
    oldest: datetime
    newest: datetime


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a store holds, as a whole and by kind."""

    path: Path
    file_bytes: int
    """The SQLite file and its write-ahead log; 0 where there is no file."""
    requests: int
    """Distinct calls; one may have a row for each of several output limits."""
    set_aside: int
    """Damaged rows that were moved out of the way, in the table `set_aside`."""
    tallies: tuple[Tally, ...]

    @property
    def rows(self) -> int:
        """Stored completions, failures included."""
        return sum(tally.rows for tally in self.tallies)

    @property
    def oldest(self) -> datetime | None:
        """When the oldest row was written; None where there is none."""
        return min((tally.oldest for tally in self.tallies), default=None)

    @property
    def newest(self) -> datetime | None:
        """When the newest row was written; None where there is none."""
        return max((tally.newest for tally in self.tallies), default=None)


@dataclass(frozen=True, slots=True)
class StoredCompletion:
    """One row of a call."""

    max_tokens: int
    completion: Completion | None
    """None for a corrupt row."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One call with everything that is stored for it."""

    key: str
    stage: str
    model: str
    record: dict[str, Any]
    """What the key was made from, see `call_record`."""
    rows: tuple[StoredCompletion, ...]
    """By output limit."""


def stats(store: Store) -> Statistics:
    """Count what is stored.

    Raises:
        StoreError: the store cannot be read.
    """
    files = (store.path, store.path.with_name(store.path.name + "-wal"))
    tallies = tuple(
        Tally(
            stage=stage,
            model=model,
            outcome=outcome,
            rows=rows,
            value_bytes=size,
            prompt_tokens=prompted,
            completion_tokens=completed,
            oldest=_time(oldest),
            newest=_time(newest),
        )
        for stage, model, outcome, rows, size, prompted, completed, oldest, newest in store.query(_TALLIES)
    )
    requests = store.query("SELECT COUNT(*) FROM requests")
    return Statistics(
        path=store.path,
        file_bytes=sum(file.stat().st_size for file in files if file.is_file()),
        requests=requests[0][0] if requests else 0,
        set_aside=store.query("SELECT COUNT(*) FROM set_aside")[0][0] if store.query(_HAS_SET_ASIDE) else 0,
        tallies=tallies,
    )


def show(store: Store, prefix: str) -> Entry:
    """Return the one call whose key begins with a prefix (hex digits, upper or lower case).

    Raises:
        UserError: no key begins so, or several do; the message lists some of them.
        StoreError: the store cannot be read, or the call's record in it is damaged.
    """
    wanted = prefix.strip().lower()
    matches = store.query(_MATCHES, wanted, wanted + "g", _CANDIDATES + 1)  # "g" follows every hex digit
    if not matches:
        raise UserError(f"cache {store.path}: no key begins with {prefix!r}")
    if len(matches) > 1:
        lines = [f"  {key[: max(12, len(wanted) + 4)]}  {stage}  {model}" for key, stage, model, _ in matches]
        if len(matches) > _CANDIDATES:
            lines[_CANDIDATES:] = ["  ..."]
        raise UserError(f"cache {store.path}: several keys begin with {prefix!r}, add digits:\n" + "\n".join(lines))
    key, stage, model, record = matches[0]
    if not is_record(key, record):
        raise StoreError(f"cache {store.path}: the record of {key} is damaged; running the call again mends it")
    rows = tuple(_stored(key, *row) for row in store.query(_ROWS_OF_KEY, key))
    return Entry(key, stage, model, orjson.loads(record), rows)


def _stored(
    key: str, max_tokens: int, outcome: str, value: bytes, expected: bytes, created_at: float
) -> StoredCompletion:
    whole = intact(key, max_tokens, outcome, value, expected=expected)
    return StoredCompletion(max_tokens, decode(outcome, value) if whole else None, _time(created_at))


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
