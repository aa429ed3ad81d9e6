"""What a cache holds, for people: statistics, one call in full, and a check of every row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.cache.rows import decode, intact
from prism_engine.errors import StoreError, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prism_engine.cache.store import Store
    from prism_engine.records import Completion

_PAGE = 500
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
_COMPLETIONS_PAGE = """
    SELECT id, key, max_tokens, outcome, value, checksum FROM completions WHERE id > ? ORDER BY id LIMIT ?
"""
_REQUESTS_PAGE = "SELECT rowid, key, record FROM requests WHERE rowid > ? ORDER BY rowid LIMIT ?"
_TOTAL = "SELECT (SELECT COUNT(*) FROM completions) + (SELECT COUNT(*) FROM requests)"


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


@dataclass(frozen=True, slots=True)
class Verification:
    """How far a check has come, and what it found up to there."""

    checked: int = 0
    """Rows of both tables."""
    total: int = 0
    corrupt: tuple[str, ...] = ()
    """Keys (as they stand in the file) of rows whose checksum does not fit, each once, sorted."""
    damage: tuple[str, ...] = ()
    """What SQLite says about the file itself; empty for a sound one."""

    @property
    def sound(self) -> bool:
        """Whether nothing wrong was found so far."""
        return not self.corrupt and not self.damage


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
    if not _is_record(key, record):
        raise StoreError(f"cache {store.path}: the record of {key} is damaged; running the call again mends it")
    rows = tuple(_stored(key, *row) for row in store.query(_ROWS_OF_KEY, key))
    return Entry(key, stage, model, orjson.loads(record), rows)


def verify(store: Store) -> Iterator[Verification]:
    """Check the file's structure and then every row, in flat memory, while others may go on using it.

    Yields:
        How far it has come, after the structure and then after every few hundred rows. The last one is the
        result.
    """
    corrupt: set[str] = set()
    checked = total = 0
    try:
        damage = tuple(str(line) for (line,) in store.query("PRAGMA quick_check") if line != "ok")
        total = next(iter(store.query(_TOTAL)), (0,))[0]
        yield Verification(total=total, damage=damage)
        for size, found in _corrupt_keys(store):
            checked += size
            corrupt |= found
            yield Verification(checked, max(total, checked), tuple(sorted(corrupt)), damage)
    except StoreError as error:  # damaged so badly that it cannot be read to the end: that is the finding
        yield Verification(checked, total, tuple(sorted(corrupt)), (str(error),))


def _corrupt_keys(store: Store) -> Iterator[tuple[int, set[str]]]:
    """Yield the size of each page of rows and the keys of its corrupt ones."""
    for page in _pages(store, _COMPLETIONS_PAGE):
        yield len(page), {str(key) for _, key, *rest in page if not _is_intact(key, *rest)}
    for page in _pages(store, _REQUESTS_PAGE):
        yield len(page), {str(key) for _, key, record in page if not _is_record(key, record)}


def _pages(store: Store, statement: str) -> Iterator[list[tuple[Any, ...]]]:
    last = -(2**63)
    while page := store.query(statement, last, _PAGE):
        yield page
        last = page[-1][0]


def _is_intact(key: Any, max_tokens: Any, outcome: Any, value: Any, expected: Any) -> bool:
    return intact(key, max_tokens, outcome, value, expected=expected)


def _is_record(key: Any, record: Any) -> bool:
    return isinstance(record, bytes) and hashlib.sha256(record).hexdigest() == key


def _stored(
    key: str, max_tokens: int, outcome: str, value: bytes, expected: bytes, created_at: float
) -> StoredCompletion:
    whole = intact(key, max_tokens, outcome, value, expected=expected)
    return StoredCompletion(max_tokens, decode(outcome, value) if whole else None, _time(created_at))


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
