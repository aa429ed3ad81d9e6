"""Checks the file's structure and every row; sets damaged rows aside so that their calls are made again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from prism_engine.cache.call_rows import UNNAMED, StoredRow, is_record
from prism_engine.cache.schema import open_reader, open_writer, store_error, transaction
from prism_engine.cache.storing import set_aside, set_aside_damaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAGE = 500
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_COMPLETIONS_PAGE = """
    SELECT id, key, max_tokens, outcome, value, checksum, created_at FROM completions WHERE id > ? ORDER BY id LIMIT ?
"""
_REQUESTS_PAGE = "SELECT rowid, key, record FROM requests WHERE rowid > ? ORDER BY rowid LIMIT ?"
_REQUEST = "SELECT key, record FROM requests WHERE rowid = ?"
_COMPLETIONS_OF = """
    SELECT key, max_tokens, outcome, value, checksum, created_at FROM completions WHERE key = ?
"""
_TOTAL = "SELECT (SELECT COUNT(*) FROM completions) + (SELECT COUNT(*) FROM requests)"


@dataclass(frozen=True, slots=True)
class Verification:
    """Progress of a check; everything except `named` covers the check since its start."""

    checked: int = 0
    """Rows of both tables."""
    total: int = 0
    corrupt: int = 0
    """Completions that do not match their checksum, and requests that do not match their key."""
    named: tuple[str, ...] = ()
    """Keys, as stored in the file, of the corrupt rows since the previous step."""
    damage: tuple[str, ...] = ()
    """What SQLite reports about the file's structure; empty for a sound file."""

    @property
    def sound(self) -> bool:
        """Whether no damage was found so far."""
        return not self.corrupt and not self.damage


def verify(path: Path, *, dry_run: bool = False) -> Iterator[Verification]:
    """Check the file's structure and then every row, in constant memory, while other processes may use the file.

    A damaged completion is set aside. So is a damaged request together with its completions: without the request,
    their call is unknown. The next run that needs such a call makes it again.

    Args:
        dry_run: only check; write nothing.

    Yields:
        The progress after the structure check and then after every few hundred rows. The last one is the result.

    Raises:
        StoreError: the file cannot be opened, or damaged rows cannot be set aside.
    """
    connection = open_reader(path) if dry_run or not path.exists() else open_writer(path)
    if connection is None:
        yield Verification()
        return
    state = Verification()
    with closing(connection):
        try:
            damage = tuple(str(line) for (line,) in connection.execute("PRAGMA quick_check") if line != "ok")
            state = Verification(total=connection.execute(_TOTAL).fetchone()[0], damage=damage)
            yield state
            for size, named in _check_pages(connection, read_only=dry_run or bool(damage)):
                checked, corrupt = state.checked + size, state.corrupt + len(named)
                total = max(state.total, checked)
                state = replace(state, checked=checked, total=total, corrupt=corrupt, named=named)
                yield state
        except sqlite3.Error as error:
            failure = store_error(path, error)
            if error.sqlite_errorcode & 0xFF not in _DAMAGE:
                raise failure from error
            # The file is too damaged to be read to the end: report that as the finding.
            yield replace(state, named=(), damage=(*state.damage, str(failure)))


def _check_pages(connection: sqlite3.Connection, *, read_only: bool) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the size of each page of rows and the keys of its corrupt rows, already set aside unless read-only."""
    for page in _pages(connection, _COMPLETIONS_PAGE):
        bad = {number: str(columns[0]) for number, *columns in page if not StoredRow(*columns).sound}
        if bad and not read_only:
            with transaction(connection):
                set_aside_damaged(connection, bad)
        yield len(page), tuple(bad.values())
    for page in _pages(connection, _REQUESTS_PAGE):
        bad = {number: str(key) for number, key, record in page if not is_record(key, record)}
        if bad and not read_only:
            with transaction(connection):
                for number in bad:
                    _set_aside_request(connection, number)
        yield len(page), tuple(bad.values())


def _set_aside_request(connection: sqlite3.Connection, number: int) -> None:
    for key, record in connection.execute(_REQUEST, (number,)).fetchall():
        if is_record(key, record):  # another process has repaired it meanwhile
            return
        set_aside(connection, StoredRow(key, None, None, record, None, None), UNNAMED)
        for columns in connection.execute(_COMPLETIONS_OF, (key,)).fetchall():
            set_aside(connection, StoredRow(*columns), UNNAMED)
        connection.execute("DELETE FROM completions WHERE key = ?", (key,))
        connection.execute("DELETE FROM requests WHERE rowid = ?", (number,))


def _pages(connection: sqlite3.Connection, statement: str) -> Iterator[list[tuple[Any, ...]]]:
    last = -(2**63)
    while page := connection.execute(statement, (last, _PAGE)).fetchall():
        yield page
        last = page[-1][0]
