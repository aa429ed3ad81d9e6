"""Copies rows from one cache to another (export, import, merge), validating every row."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from prism_engine.cache.call_rows import CallRow, StoredRow, revive
from prism_engine.cache.schema import open_reader, open_writer, require_models, transaction, translated
from prism_engine.cache.storing import set_aside, store_rows
from prism_engine.errors import StoreError, UserError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_PAGE = 500
_PAGE_BYTES = 16 << 20
"""A page ends with the row that brings it to this size."""
_LARGEST_ROW = 16 << 20
"""Bytes of a row that may be copied: far more than a model writes, far less than the memory."""
_SMALLEST_ROW = 64
"""Bytes of a row in the file, at least: a bound on how many rows a damaged file can have."""
_ROWS_PAGE = """
    SELECT id, key, max_tokens, outcome, value, checksum, created_at, record, stage, model
    FROM completions LEFT JOIN requests USING (key) WHERE id > ? AND id <= ? ORDER BY id LIMIT ?
"""
_NEXT_ID = "SELECT id FROM completions WHERE id > ? ORDER BY id LIMIT 1"

_Row = tuple[Any, ...]
_Lost = tuple[int, str]
"""The id of a row that cannot be read, and why."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Progress of a copy; all counts except `named` are totals since its start."""

    checked: int = 0
    """Rows read, including those of other models."""
    total: int = 0
    """Upper bound on the rows to read."""
    added: int = 0
    replaced: int = 0
    """Rows that replaced a failure."""
    kept: int = 0
    """Rows that the target already had, the same or better."""
    bad: int = 0
    """Rows that prism did not write or that are damaged; none of them is stored."""
    named: tuple[str, ...] = ()
    """Key and reason of each bad row since the previous step."""


def import_rows(target: Path, source: Path) -> Iterator[Transfer]:
    """Import all sound rows of another cache or an export; set bad ones aside with the name of the source.

    The rules are those of `Store.put`: a usable row is never replaced, a failure gives way to a usable row and to
    a later failure. So a second import of the same file changes nothing, and an import that was killed can be rerun.
    Rows keep their creation time. Both caches may be in use meanwhile; memory use is constant.

    Yields:
        The progress after every few hundred rows, which are then durable. The last one is the result.

    Raises:
        UserError: there is no cache at the source, or it is the target.
        StoreError: one of the two cannot be opened, read or written.
    """
    if target.exists() and source.exists() and target.samefile(source):
        raise UserError(f"cache {source}: is the target of the import itself; name another cache")
    with closing(_opened(source)) as reader, closing(open_writer(target)) as writer:
        yield from _copy(source, reader, target, writer)


def export_rows(source: Path, file: Path, models: Collection[str] = ()) -> Iterator[Transfer]:
    """Write all sound rows, or those of some models, into one new file, which is itself a cache.

    Until it is complete, the file's name ends in `.part`. Bad rows are left out and stay in the source.

    Yields:
        As for `import_rows`.

    Raises:
        UserError: there is no cache, it has no calls of one of the models, or the file already exists.
        StoreError: the cache cannot be read, or the file cannot be written.
    """
    if file.exists():
        raise UserError(f"{file}: already exists; remove it first, or name another file")
    part = file.with_name(file.name + ".part")
    with closing(_opened(source)) as reader, ExitStack() as cleanup:
        with translated(source):
            require_models(reader, source, models)
        _remove(part)
        cleanup.callback(_remove, part)
        with closing(open_writer(part)) as writer:
            yield from _copy(source, reader, part, writer, models=models, exporting=True)
            with translated(part):
                writer.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, readable on a read-only disk
        with translated(file):
            part.replace(file)


def _opened(source: Path) -> sqlite3.Connection:
    reader = open_reader(source)
    if reader is None:
        raise UserError(f"cache {source}: there is no cache here; check the path")
    reader.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_ROW)
    return reader


def _copy(
    source: Path,
    reader: sqlite3.Connection,
    target: Path,
    writer: sqlite3.Connection,
    *,
    models: Collection[str] = (),
    exporting: bool = False,
) -> Iterator[Transfer]:
    with translated(source):
        low, high = _span(reader)
    state = Transfer(total=high - low)
    yield state
    for page, lost in _pages(source, reader):
        rows, bad = _validated(page, models)
        with translated(target), transaction(writer):
            stored = store_rows(writer, rows)
            for stored_row, reason in () if exporting else bad:
                set_aside(writer, stored_row, f"from {source}: {reason}")
        checked = state.checked + len(page)
        state = replace(
            state,
            checked=checked,
            added=state.added + stored.added,
            replaced=state.replaced + stored.replaced,
            kept=state.kept + stored.kept,
            bad=state.bad + len(bad) + len(lost),
            named=(
                *(f"{stored_row.key}: {reason}" for stored_row, reason in bad),
                *(f"the row with id {number}: {reason}" for number, reason in lost),
            ),
        )
        yield state


def _span(reader: sqlite3.Connection) -> tuple[int, int]:
    """Return the range of all row ids: low < id <= high."""
    low, high = reader.execute("SELECT MIN(id) - 1, MAX(id) FROM completions").fetchone()
    return (0, 0) if low is None else (low, high)


def _pages(source: Path, reader: sqlite3.Connection) -> Iterator[tuple[list[_Row], list[_Lost]]]:
    """Yield pages of rows in id order, each with the ids that cannot be read and the reasons."""
    with translated(source):
        last, high = _span(reader)
        most_lost = source.stat().st_size // _SMALLEST_ROW
    while last < high:
        lost: list[_Lost] = []
        with translated(source):
            page, reason = _read(reader, last, high, _PAGE)
            while reason is not None and not page and len(lost) < _PAGE:
                page, reason = _read(reader, last, high, 1)
                if reason is not None:
                    last = _next_id(reader, last)
                    lost.append((last, reason))
        most_lost -= len(lost)
        if most_lost < 0:  # the ids are far apart, and each may be one
            raise StoreError(f"cache {source}: too damaged to be read beyond the row with id {last}")
        yield page, lost
        if page:
            last = page[-1][0]
        elif not lost:
            return


def _read(reader: sqlite3.Connection, low: int, high: int, limit: int) -> tuple[list[_Row], str | None]:
    """Return the next rows with low < id <= high, a page at most, and why the row after them cannot be read."""
    page: list[_Row] = []
    size = 0
    try:
        with closing(reader.execute(_ROWS_PAGE, (low, high, limit))) as rows:
            for row in rows:
                page.append(row)
                size += sum(len(cell) for cell in row if isinstance(cell, bytes | str))
                if size >= _PAGE_BYTES:
                    break
    except sqlite3.DatabaseError as error:
        return page, _unreadable(error)
    return page, None


def _next_id(reader: sqlite3.Connection, low: int) -> int:
    """Return the next id above `low`; if the file is too damaged to say, the next number."""
    try:
        return int(reader.execute(_NEXT_ID, (low,)).fetchone()[0])
    except sqlite3.DatabaseError as error:
        _unreadable(error)
        return low + 1


def _unreadable(error: sqlite3.DatabaseError) -> str:
    """Return what is wrong with a row; raise errors that are not about one."""
    match error.sqlite_errorcode & 0xFF:
        case sqlite3.SQLITE_CORRUPT:
            return "the file is damaged there"
        case sqlite3.SQLITE_TOOBIG:
            return f"larger than {_LARGEST_ROW >> 20} MiB, which no model writes"
        case _:
            raise error


def _validated(page: list[_Row], models: Collection[str]) -> tuple[list[CallRow], list[tuple[StoredRow, str]]]:
    """Return the sound rows of a page, and the bad ones with the reason."""
    rows, bad = [], []
    for _, *columns, record, stage, model in page:
        if models and model not in models:
            continue
        stored_row = StoredRow(*columns)
        try:
            rows.append(revive(stored_row, record=record, stage=stage, model=model))
        except ValueError as error:
            bad.append((stored_row, str(error)))
    return rows, bad


def _remove(part: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        with translated(part):
            part.with_name(part.name + end).unlink(missing_ok=True)
