"""Stores rows: adds new ones, replaces failures, keeps usable rows, and sets damaged ones aside."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from prism_engine.cache.call_rows import DAMAGED, REUSABLE, StoredRow

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from prism_engine.cache.call_rows import CallRow

_INSERT_REQUESTS = """
    INSERT INTO requests (key, stage, model, record) VALUES {placeholders}
    ON CONFLICT (key) DO UPDATE SET record = excluded.record WHERE record <> excluded.record
"""
_SELECT_ROWS = """
    SELECT id, key, max_tokens, outcome, value, checksum, created_at FROM completions
    WHERE key IN (SELECT value FROM json_each(?))
"""
_REPLACE_ROWS = """
    REPLACE INTO completions
        (key, max_tokens, outcome, value, checksum, prompt_tokens, completion_tokens, created_at)
    VALUES {placeholders}
"""
_SELECT_BY_ID = """
    SELECT id, key, max_tokens, outcome, value, checksum, created_at FROM completions
    WHERE id IN (SELECT value FROM json_each(?))
"""
_SET_ASIDE = """
    INSERT OR IGNORE INTO set_aside
        (digest, reason, set_aside_at, key, max_tokens, outcome, value, checksum, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class StoreCounts(NamedTuple):
    """Number of incoming rows by what happened to them."""

    added: int
    replaced: int
    """Replaced a failure."""
    kept: int
    """Not stored: the existing row has precedence, or is the same."""


def store_rows(connection: sqlite3.Connection, rows: Sequence[CallRow]) -> StoreCounts:
    """Store rows in their order, within the caller's transaction.

    A usable row is never replaced; a failure gives way to a usable row and to a later failure. A damaged row
    is set aside first. Uses few statements regardless of the number of rows, since each one may switch threads.
    """
    if not rows:
        return StoreCounts(0, 0, 0)
    keys = orjson.dumps(sorted({row.key for row in rows})).decode()
    existing: dict[tuple[str, int], tuple[str, float]] = {}
    damaged = []
    for number, *columns in connection.execute(_SELECT_ROWS, (keys,)).fetchall():
        stored = StoredRow(*columns)
        if stored.sound:
            existing[stored.key, stored.max_tokens] = stored.outcome, stored.created_at
        else:
            damaged.append(number)
    if damaged:
        set_aside_damaged(connection, damaged)
    before = set(existing)
    accepted: dict[tuple[str, int], CallRow] = {}
    for row in rows:
        slot = row.key, row.max_tokens
        if slot not in existing or _gives_way(*existing[slot], row):
            accepted.pop(slot, None)  # a row that comes later is stored later
            accepted[slot] = row
            existing[slot] = row.outcome, row.created_at
    _insert(connection, _INSERT_REQUESTS, [(row.key, row.stage, row.model, row.record) for row in rows])
    if accepted:
        _insert(connection, _REPLACE_ROWS, [_columns(row) for row in accepted.values()])
    added = len(accepted.keys() - before)
    return StoreCounts(added, len(accepted) - added, len(rows) - len(accepted))


def set_aside_damaged(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Set aside those of these rows (ids) that are damaged, within the caller's transaction."""
    for number, *columns in connection.execute(_SELECT_BY_ID, (orjson.dumps(sorted(numbers)).decode(),)).fetchall():
        stored = StoredRow(*columns)
        if not stored.sound:
            set_aside(connection, stored, DAMAGED)
            connection.execute("DELETE FROM completions WHERE id = ?", (number,))


def set_aside(connection: sqlite3.Connection, stored: StoredRow, reason: str) -> None:
    """Keep a row that cannot be served where people can inspect it; the same finding is kept only once."""
    digest = hashlib.blake2b(repr((reason, *stored)).encode("utf-8", "backslashreplace"), digest_size=16).digest()
    connection.execute(_SET_ASIDE, (digest, reason, time.time(), *stored))


def _gives_way(outcome: str, created_at: float, row: CallRow) -> bool:
    return outcome not in REUSABLE and (row.outcome in REUSABLE or row.created_at > created_at)


def _insert(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    placeholders = ", ".join(["(" + ", ".join("?" * len(rows[0])) + ")"] * len(rows))
    connection.execute(statement.format(placeholders=placeholders), [value for row in rows for value in row])


def _columns(row: CallRow) -> tuple[Any, ...]:
    return (
        row.key,
        row.max_tokens,
        row.outcome,
        row.value,
        row.checksum,
        row.prompt_tokens,
        row.completion_tokens,
        row.created_at,
    )
