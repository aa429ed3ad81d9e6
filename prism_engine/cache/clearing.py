"""What takes rows out of a cache: by age, by size, by model; beside running processes, a few hundred at a time."""

from __future__ import annotations

import math
import shutil
import time
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from prism_engine.cache.locks import Claims, lock_path
from prism_engine.cache.schema import checkpoint, open_reader, open_writer, require_models, transaction, translated
from prism_engine.errors import StoreError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

_PAGE = 500
_PAUSE_SECONDS = 0.005
_WORTHWHILE = 0.1
"""Share of holes in a file from which it is written anew."""
_SPARE = 0.02
"""Share of a cache by which a removal for its size goes further: what a row takes in the file is an estimate."""
_TEMPORARY = (
    "CREATE TEMP TABLE doomed (place INTEGER PRIMARY KEY, id INTEGER, created_at, weight)",
    """CREATE TEMP VIEW weights AS
        SELECT id, created_at, model, LENGTH(value) + COALESCE(LENGTH(record), 0) + 400 AS weight
        FROM main.completions LEFT JOIN main.requests USING (key)
    """,
)
_DOOM = """
    INSERT INTO doomed (id, created_at, weight)
    SELECT id, created_at, weight FROM (
        SELECT id, created_at, weight, SUM(weight) OVER (ORDER BY created_at, id) - weight AS before
        FROM weights WHERE ? OR model IN (SELECT value FROM json_each(?))
    ) WHERE created_at < ? OR before < ? ORDER BY created_at, id
"""
_DOOMED_PAGE = "SELECT place FROM doomed WHERE place > ? ORDER BY place LIMIT ?"
_DOOMED_ROWS = """
    SELECT completions.id, key FROM doomed JOIN completions
    ON completions.id = doomed.id AND completions.created_at IS doomed.created_at
    WHERE place BETWEEN ? AND ?
"""
_DELETE_ROWS = "DELETE FROM completions WHERE id IN (SELECT value FROM json_each(?))"
_DELETE_REQUESTS = """
    DELETE FROM requests WHERE key IN (SELECT value FROM json_each(?))
    AND NOT EXISTS (SELECT 1 FROM completions WHERE completions.key = requests.key)
"""


@dataclass(frozen=True, slots=True)
class Retention:
    """What may stay. `models` narrows what the two others remove; alone, it names all rows of these models."""

    max_age: float | None = None
    """Seconds since a row was made. When it was last used is not known: writing that down would make hits writes."""
    max_bytes: int | None = None
    """Of the file, free space in it left out; the oldest rows go first."""
    models: tuple[str, ...] = ()
    """Names as in `stats`."""


@dataclass(frozen=True, slots=True)
class Clearing:
    """How far a removal has come."""

    rows: int = 0
    """Completions removed."""
    set_aside: int = 0
    """Damaged rows that had been set aside, removed."""
    doomed: int = 0
    """Completions to be removed, as far as is known."""
    weight: int = 0
    """About how many bytes of the file these take."""
    bytes_before: int = 0
    """Size of the file and its log, like the next."""
    bytes_after: int = 0
    bytes_free: int = 0
    """About how much of the file are holes that could not be given back now, see `compact`."""


def clear(path: Path, limits: Retention, *, dry_run: bool = False) -> Iterator[Clearing]:
    """Remove the rows that go beyond any of the limits, and give their space back.

    Safe beside running processes: they wait for a few hundred rows at most, and a removed row is a miss to them.
    Where rows went here and there, so that much of the file is holes, it is written anew if that is possible.

    Yields:
        How far it has come; the last one is the result.

    Raises:
        UserError: nothing is stored of one of the models.
        StoreError: the file cannot be read or written.
    """
    connection = open_reader(path) if dry_run else open_writer(path)
    if connection is None:
        return
    with closing(connection), translated(path):
        require_models(connection, path, limits.models)
        for statement in _TEMPORARY:
            connection.execute(statement)
        aside = _clear_set_aside(connection, limits, dry_run=dry_run)
        state = Clearing(bytes_before=_file_bytes(path), set_aside=aside)
        while True:
            used = _used_bytes(connection)
            count, weight = _doom(connection, limits)
            state = replace(state, doomed=state.rows + count, weight=state.weight + weight)
            yield state
            if dry_run or not count:
                break
            for rows in _remove_doomed(connection):
                state = replace(state, rows=state.rows + rows)
                yield state
            holes = _shrink(connection) + weight - (used - _used_bytes(connection))
            if holes > _WORTHWHILE * _used_bytes(connection) and not _compacted(connection, path):
                state = replace(state, bytes_free=holes)
                break
            if limits.max_bytes is None or _used_bytes(connection) <= limits.max_bytes:
                break
        if not dry_run:
            checkpoint(connection)
        yield replace(state, bytes_after=_file_bytes(path))


def compact(path: Path) -> None:
    """Write the file anew, without its holes; other processes wait with their next call meanwhile.

    Not for a process that has the same store open: its claims would end (see `Claims`).

    Raises:
        StoreError: another process is making calls, or the disk has no room for two more copies of the file.
    """
    with closing(open_writer(path)) as connection, translated(path), closing(Claims(lock_path(path))) as claims:
        if not claims.try_claim_all():
            raise StoreError(f"cache {path}: a run is making calls just now; try again when it has ended")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # files of format 1 were made without it
        connection.execute("VACUUM")
        checkpoint(connection)


def _compacted(connection: sqlite3.Connection, path: Path) -> bool:
    """Do it where it is safe and there is room: a second copy in the temporary folder, a third in the log."""
    if shutil.disk_usage(path.parent).free < 2 * _used_bytes(connection):
        return False
    try:
        compact(path)
    except StoreError:
        return False
    return True


def _doom(connection: sqlite3.Connection, limits: Retention) -> tuple[int, int]:
    """Write down which rows go, oldest first; return how many, and about how many bytes of the file they take."""
    connection.execute("DELETE FROM doomed")
    used = _used_bytes(connection)
    total = connection.execute("SELECT SUM(weight) FROM weights").fetchone()[0] or 0
    excess = 0.0
    if limits.max_bytes is not None and used > limits.max_bytes:
        excess = total * ((used - limits.max_bytes) / used + _SPARE)
    before = math.inf if limits.max_bytes is None else -math.inf
    if limits.max_age is not None:
        before = time.time() - limits.max_age
    connection.execute(_DOOM, (not limits.models, orjson.dumps(limits.models).decode(), before, excess))
    count, weight = connection.execute("SELECT COUNT(*), COALESCE(SUM(weight), 0) FROM doomed").fetchone()
    return count, round(weight * used / max(total, 1))


def _remove_doomed(connection: sqlite3.Connection) -> Iterator[int]:
    """Remove what was written down and is still the same row; yield how many rows went, page by page."""
    last = 0
    while page := connection.execute(_DOOMED_PAGE, (last, _PAGE)).fetchall():
        last = page[-1][0]
        with transaction(connection):
            # Read again: since the page was read, another process may have put a new row in a failure's place.
            rows = connection.execute(_DOOMED_ROWS, (page[0][0], last)).fetchall()
            keys = orjson.dumps(sorted({str(key) for _, key in rows})).decode()
            connection.execute(_DELETE_ROWS, (orjson.dumps([number for number, _ in rows]).decode(),))
            connection.execute(_DELETE_REQUESTS, (keys,))
        yield len(rows)
        time.sleep(_PAUSE_SECONDS)  # lets the others in: waiting for a lock, SQLite only looks now and then


def _clear_set_aside(connection: sqlite3.Connection, limits: Retention, *, dry_run: bool) -> int:
    """Remove the old among the damaged rows, or all where the cache is too large; they belong to no model."""
    names = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'set_aside'").fetchall()
    if limits.models or not names:
        return 0
    before = -math.inf if limits.max_age is None else time.time() - limits.max_age
    if limits.max_bytes is not None and _used_bytes(connection) > limits.max_bytes:
        before = math.inf
    count = connection.execute("SELECT COUNT(*) FROM set_aside WHERE set_aside_at < ?", (before,)).fetchone()[0]
    if count and not dry_run:
        connection.execute("DELETE FROM set_aside WHERE set_aside_at < ?", (before,))
    return int(count)


def _shrink(connection: sqlite3.Connection) -> int:
    """Give free pages back to the file system, a few at a time; return the bytes of those that stay (format 1)."""
    before = None
    while (free := _pages(connection, "freelist_count")) and free != before:
        before = free
        connection.executescript(f"PRAGMA incremental_vacuum({_PAGE})")  # `execute` would stop after one page
        time.sleep(_PAUSE_SECONDS)
    return free


def _used_bytes(connection: sqlite3.Connection) -> int:
    return _pages(connection, "page_count") - _pages(connection, "freelist_count")


def _pages(connection: sqlite3.Connection, kind: str) -> int:
    """Return the bytes in pages of a kind (`page_count`, `freelist_count`)."""
    count, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in (kind, "page_size"))
    return int(count * size)


def _file_bytes(path: Path) -> int:
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.is_file())
