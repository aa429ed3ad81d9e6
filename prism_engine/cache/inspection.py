"""Views of a cache for people: statistics, and single calls in full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.cache.call_rows import StoredRow, decode, is_record
from prism_engine.errors import StoreError, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.cache.store import Store
    from prism_engine.records import Completion

_CANDIDATES = 8

_TALLIES = """
    SELECT CAST(stage AS TEXT), CAST(model AS TEXT), CAST(outcome AS TEXT), COUNT(*), SUM(LENGTH(value)),
           COALESCE(SUM(prompt_tokens) FILTER (WHERE prompt_tokens <= :most), 0),
           COALESCE(SUM(completion_tokens) FILTER (WHERE completion_tokens <= :most), 0),
           MIN(created_at), MAX(created_at)
    FROM completions JOIN requests USING (key)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
""".replace(":most", str(10**7))
"""Counts that cannot be true (a server may report anything) are left out: a few of them would overflow the sum."""
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
    """Size of the completions, without requests."""
    prompt_tokens: int
    """Sum over the rows with a count; the same for `completion_tokens`."""
    completion_tokens: int
    oldest: datetime
    newest: datetime


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of a store: totals, and one tally per stage, model and outcome."""

    path: Path
    file_bytes: int
    """Size of the SQLite file and its write-ahead log; 0 if there is no file."""
    requests: int
    """Distinct calls; a call may have multiple rows, one per output limit."""
    set_aside: int
    """Damaged rows, moved to the table `set_aside`."""
    tallies: tuple[Tally, ...]

    @property
    def rows(self) -> int:
        """Stored completions, failures included."""
        return sum(tally.rows for tally in self.tallies)

    @property
    def oldest(self) -> datetime | None:
        """When the oldest row was written; None if there is none."""
        return min((tally.oldest for tally in self.tallies), default=None)

    @property
    def newest(self) -> datetime | None:
        """When the newest row was written; None if there is none."""
        return max((tally.newest for tally in self.tallies), default=None)


@dataclass(frozen=True, slots=True)
class StoredCompletion:
    """One stored row of a call."""

    max_tokens: int
    completion: Completion | None
    """None for a corrupt row."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One call with everything stored for it."""

    key: str
    stage: str
    model: str
    record: dict[str, Any]
    """The record that the key is the hash of, see `call_record`."""
    rows: tuple[StoredCompletion, ...]
    """Sorted by output limit."""


def stats(store: Store) -> Statistics:
    """Return statistics of what is stored.

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
        UserError: no key or more than one begins with the prefix; in the latter case the message lists some of them.
        StoreError: the store cannot be read, or the call's stored record is damaged.
    """
    start = prefix.strip().lower()
    matches = store.query(_MATCHES, start, start + "g", _CANDIDATES + 1)  # "g" sorts after every hex digit
    if not matches:
        raise UserError(f"cache {store.path}: no key begins with {prefix!r}")
    if len(matches) > 1:
        lines = [f"  {key[: max(12, len(start) + 4)]}  {stage}  {model}" for key, stage, model, _ in matches]
        if len(matches) > _CANDIDATES:
            lines[_CANDIDATES:] = ["  ..."]
        raise UserError(
            f"cache {store.path}: several keys begin with {prefix!r}; give more digits:\n" + "\n".join(lines)
        )
    key, stage, model, record = matches[0]
    if not is_record(key, record):
        raise StoreError(f"cache {store.path}: the record of {key} is damaged; run the call again to repair it")
    rows = tuple(_stored(key, *row) for row in store.query(_ROWS_OF_KEY, key))
    return Entry(key, stage, model, orjson.loads(record), rows)


def prompts(store: Store, keys: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the messages of the calls with these keys, as `call_record` has them, without unknown and damaged ones.

    Raises:
        StoreError: the store cannot be read.
    """
    marks = ", ".join("?" * len(keys))
    rows = store.query(f"SELECT key, record FROM requests WHERE key IN ({marks})", *keys)  # noqa: S608 - only marks
    return {key: orjson.loads(record)["messages"] for key, record in rows if is_record(key, record)}


def _stored(
    key: str, max_tokens: int, outcome: str, value: bytes, expected: bytes, created_at: float
) -> StoredCompletion:
    whole = StoredRow(key, max_tokens, outcome, value, expected, created_at).sound
    return StoredCompletion(max_tokens, decode(outcome, value) if whole else None, _time(created_at))


def _time(seconds: Any) -> datetime:
    """Return a stored time; the start of 1970 for one that cannot be, in a damaged row."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
