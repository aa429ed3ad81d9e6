"""Removes rows from a cache by age, size or model, a few hundred at a time while other processes use it."""

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
_COMPACT_SHARE = 0.1
"""Share of free space in a file above which it is rewritten."""
_SIZE_MARGIN = 0.02
"""Extra share of a cache to remove when clearing by size, because the size of a row in the file is an estimate."""
_TEMPORARY = (
    "CREATE TEMP TABLE doomed (position INTEGER PRIMARY KEY, id INTEGER, created_at, weight)",
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
_DOOMED_PAGE = "SELECT position FROM doomed WHERE position > ? ORDER BY position LIMIT ?"
_DOOMED_ROWS = """
    SELECT completions.id, key FROM doomed JOIN completions
    ON completions.id = doomed.id AND completions.created_at IS doomed.created_at
    WHERE position BETWEEN ? AND ?
"""
_DELETE_ROWS = "DELETE FROM completions WHERE id IN (SELECT value FROM json_each(?))"
_DELETE_REQUESTS = """
    DELETE FROM requests WHERE key IN (SELECT value FROM json_each(?))
    AND NOT EXISTS (SELECT 1 FROM completions WHERE completions.key = requests.key)
"""


@dataclass(frozen=True, slots=True)
class Retention:
    """Limits on what a cache keeps. `models` restricts the other two; alone, it removes all rows of these models."""

    max_age: float | None = None
    """Seconds since a row was made. The last use is not recorded: that would turn every hit into a write."""
    max_bytes: int | None = None
    """Size of the file without its free pages; the oldest rows are removed first."""
    models: tuple[str, ...] = ()
    """Model names as in `stats`."""


@dataclass(frozen=True, slots=True)
class Clearing:
    """Progress of a removal."""

    rows: int = 0
    """Completions removed."""
    set_aside: int = 0
    """Damaged rows removed from the table `set_aside`."""
    doomed: int = 0
    """Completions to remove, as known so far."""
    weight: int = 0
    """Approximate size of these in the file, in bytes."""
    bytes_before: int = 0
    """Size of the file and its write-ahead log; the same for `bytes_after`."""
    bytes_after: int = 0
    bytes_free: int = 0
    """Approximate free space in the file that could not be returned to the file system now, see `compact`."""


def clear(path: Path, limits: Retention, *, dry_run: bool = False) -> Iterator[Clearing]:
    """Remove the rows that exceed any of the limits, and return their space to the file system.

    Safe while other processes run: they wait for a few hundred rows at most, and see a removed row as a miss.
    If the removed rows were scattered and leave much free space in the file, the file is rewritten if possible.

    Yields:
        The progress so far; the last one is the result.

    Raises:
        UserError: no calls of one of the models are stored.
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
            free = _shrink(connection) + weight - (used - _used_bytes(connection))
            if free > _COMPACT_SHARE * _used_bytes(connection) and not _try_compact(connection, path):
                state = replace(state, bytes_free=free)
                break
            if limits.max_bytes is None or _used_bytes(connection) <= limits.max_bytes:
                break
        if not dry_run:
            checkpoint(connection)
        yield replace(state, bytes_after=_file_bytes(path))


def compact(path: Path) -> None:
    """Rewrite the file without its free space; meanwhile other processes wait before their next call.

    Do not call it from a process that has the same store open: its claims would be released (see `Claims`).

    Raises:
        StoreError: another process is making calls, or the disk has no room for two more copies of the file.
    """
    with closing(open_writer(path)) as connection, translated(path), closing(Claims(lock_path(path))) as claims:
        if not claims.try_claim_all():
            raise StoreError(f"cache {path}: a run is making calls; try again when it has ended")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # files of format 1 were created without it
        connection.execute("VACUUM")
        checkpoint(connection)


def _try_compact(connection: sqlite3.Connection, path: Path) -> bool:
    """Compact if it is safe and there is room for two copies: one in the temporary folder, one in the log."""
    if shutil.disk_usage(path.parent).free < 2 * _used_bytes(connection):
        return False
    try:
        compact(path)
    except StoreError:
        return False
    return True


def _doom(connection: sqlite3.Connection, limits: Retention) -> tuple[int, int]:
    """List the rows to remove, oldest first; return their number and approximate size in the file (bytes)."""
    connection.execute("DELETE FROM doomed")
    used = _used_bytes(connection)
    total = connection.execute("SELECT SUM(weight) FROM weights").fetchone()[0] or 0
    excess = 0.0
    if limits.max_bytes is not None and used > limits.max_bytes:
        excess = total * ((used - limits.max_bytes) / used + _SIZE_MARGIN)
    before = math.inf if limits.max_bytes is None else -math.inf
    if limits.max_age is not None:
        before = time.time() - limits.max_age
    connection.execute(_DOOM, (not limits.models, orjson.dumps(limits.models).decode(), before, excess))
    count, weight = connection.execute("SELECT COUNT(*), COALESCE(SUM(weight), 0) FROM doomed").fetchone()
    return count, round(weight * used / max(total, 1))


def _remove_doomed(connection: sqlite3.Connection) -> Iterator[int]:
    """Remove the listed rows that have not changed since; yield the number of rows removed per page."""
    last = 0
    while page := connection.execute(_DOOMED_PAGE, (last, _PAGE)).fetchall():
        last = page[-1][0]
        with transaction(connection):
            # Read again: another process may have replaced a failure with a new row since the page was read.
            rows = connection.execute(_DOOMED_ROWS, (page[0][0], last)).fetchall()
            keys = orjson.dumps(sorted({str(key) for _, key in rows})).decode()
            connection.execute(_DELETE_ROWS, (orjson.dumps([number for number, _ in rows]).decode(),))
            connection.execute(_DELETE_REQUESTS, (keys,))
        yield len(rows)
        time.sleep(_PAUSE_SECONDS)  # lets other processes in: SQLite waits for a lock by polling


def _clear_set_aside(connection: sqlite3.Connection, limits: Retention, *, dry_run: bool) -> int:
    """Remove old damaged rows, or all of them if the cache is too large; they belong to no model."""
    tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'set_aside'").fetchall()
    if limits.models or not tables:
        return 0
    before = -math.inf if limits.max_age is None else time.time() - limits.max_age
    if limits.max_bytes is not None and _used_bytes(connection) > limits.max_bytes:
        before = math.inf
    count = connection.execute("SELECT COUNT(*) FROM set_aside WHERE set_aside_at < ?", (before,)).fetchone()[0]
    if count and not dry_run:
        connection.execute("DELETE FROM set_aside WHERE set_aside_at < ?", (before,))
    return int(count)


def _shrink(connection: sqlite3.Connection) -> int:
    """Return free pages to the file system in steps; return the bytes in pages that remain free (format 1)."""
    before = None
    while (free := _pages(connection, "freelist_count")) and free != before:
        before = free
        connection.executescript(f"PRAGMA incremental_vacuum({_PAGE})")  # `execute` would stop after one page
        time.sleep(_PAUSE_SECONDS)
    return free


def _used_bytes(connection: sqlite3.Connection) -> int:
    return _pages(connection, "page_count") - _pages(connection, "freelist_count")


def _pages(connection: sqlite3.Connection, kind: str) -> int:
    """Return the total size in bytes of the pages of a kind (`page_count`, `freelist_count`)."""
    count, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in (kind, "page_size"))
    return int(count * size)


def _file_bytes(path: Path) -> int:
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.is_file())
