"""What happens to a row that arrives: kept, added, put in a failure's place; and damaged ones, which are set aside."""

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
    INSERT INTO requests (key, stage, model, record) VALUES {places}
    ON CONFLICT (key) DO UPDATE SET record = excluded.record WHERE record <> excluded.record
"""
_SELECT_ROWS = """
    SELECT id, key, max_tokens, outcome, value, checksum, created_at FROM completions
    WHERE key IN (SELECT value FROM json_each(?))
"""
_REPLACE_ROWS = """
    REPLACE INTO completions
        (key, max_tokens, outcome, value, checksum, prompt_tokens, completion_tokens, created_at)
    VALUES {places}
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
    """What became of the rows that arrived."""

    added: int
    replaced: int
    """Came in the place of a failure."""
    kept: int
    """Not stored: what was there has precedence, or is the same."""


def store_rows(connection: sqlite3.Connection, rows: Sequence[CallRow]) -> StoreCounts:
    """Store rows in their order, within the caller's transaction.

    A usable row is never replaced; a failure gives way to a usable row and to a later failure. A damaged row
    is set aside first. Few statements, however many rows: each one lets the other threads of the process in.
    """
    if not rows:
        return StoreCounts(0, 0, 0)
    keys = orjson.dumps(sorted({row.key for row in rows})).decode()
    there: dict[tuple[str, int], tuple[str, float]] = {}
    damaged = []
    for number, *columns in connection.execute(_SELECT_ROWS, (keys,)).fetchall():
        found = StoredRow(*columns)
        if found.intact:
            there[found.key, found.max_tokens] = found.outcome, found.created_at
        else:
            damaged.append(number)
    if damaged:
        set_aside_damaged(connection, damaged)
    before = set(there)
    taken: dict[tuple[str, int], CallRow] = {}
    for row in rows:
        place = row.key, row.max_tokens
        if place not in there or _gives_way(*there[place], row):
            taken.pop(place, None)  # a row that comes later is stored later
            taken[place] = row
            there[place] = row.outcome, row.created_at
    _insert(connection, _INSERT_REQUESTS, [(row.key, row.stage, row.model, row.record) for row in rows])
    if taken:
        _insert(connection, _REPLACE_ROWS, [_columns(row) for row in taken.values()])
    added = len(taken.keys() - before)
    return StoreCounts(added, len(taken) - added, len(rows) - len(taken))


def set_aside_damaged(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Move those of these rows (ids) that are damaged out of the way, within the caller's transaction."""
    for number, *columns in connection.execute(_SELECT_BY_ID, (orjson.dumps(sorted(numbers)).decode(),)).fetchall():
        found = StoredRow(*columns)
        if not found.intact:
            set_aside(connection, found, DAMAGED)
            connection.execute("DELETE FROM completions WHERE id = ?", (number,))


def set_aside(connection: sqlite3.Connection, found: StoredRow, reason: str) -> None:
    """Keep what cannot be served where people can look at it; the same finding is kept once."""
    digest = hashlib.blake2b(repr((reason, *found)).encode("utf-8", "backslashreplace"), digest_size=16).digest()
    connection.execute(_SET_ASIDE, (digest, reason, time.time(), *found))


def _gives_way(outcome: str, created_at: float, row: CallRow) -> bool:
    return outcome not in REUSABLE and (row.outcome in REUSABLE or row.created_at > created_at)


def _insert(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    places = ", ".join(["(" + ", ".join("?" * len(rows[0])) + ")"] * len(rows))
    connection.execute(statement.format(places=places), [value for row in rows for value in row])


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
