"""The SQLite file behind the cache: tables, pragmas, opening, and what its errors mean to the user."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from prism_engine.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x5052534D
"""`PRAGMA application_id` of our files: "PRSM"."""
SCHEMA_VERSION = 1
"""`PRAGMA user_version` of the tables below."""
BUSY_SECONDS = 30.0
"""How long one process waits for another's transaction."""

_TABLES = (
    """CREATE TABLE requests (
        key TEXT PRIMARY KEY,   -- SHA-256 of record, 64 hex digits
        stage TEXT NOT NULL,    -- of the first call that had this key; for people
        model TEXT NOT NULL,    -- the same, name in the registry
        record BLOB NOT NULL    -- canonical JSON, what was hashed
    )""",
    """CREATE TABLE completions (
        id INTEGER PRIMARY KEY,     -- order of storing
        key TEXT NOT NULL,
        max_tokens INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        value BLOB NOT NULL,        -- JSON of the completion without its outcome
        checksum BLOB NOT NULL,     -- over key, max_tokens, outcome and value
        prompt_tokens INTEGER,      -- for statistics only, like the next two
        completion_tokens INTEGER,
        created_at REAL NOT NULL,   -- seconds since 1970, UTC
        UNIQUE (key, max_tokens)
    )""",
)

_MENDS = {
    sqlite3.SQLITE_FULL: "free some space and start again; what was stored before stays",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable, or choose another cache folder",
    sqlite3.SQLITE_CANTOPEN: "check that the folder exists and that you may write there",
    sqlite3.SQLITE_BUSY: f"another process kept it locked for over {BUSY_SECONDS:.0f} s; is it stuck?",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; move it away, or look at it with `prism cache verify`",
    sqlite3.SQLITE_NOTADB: "this is not a SQLite file; name another one, or move it away",
}


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the file for writing; create it, its folder and its tables where they are missing.

    Raises:
        StoreError: it cannot be opened, is not ours, or was written by a newer prism.
    """
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(str(path))
    try:
        with translated(path):
            if not _is_current(connection, path):
                _create_tables(connection, path)
            _enter_wal(connection, path)
            # NORMAL: a commit is in the operating system's hands, which outlives this process.
            connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection | None:
    """Open the file for reading only; None where there is nothing yet, and nothing is created.

    Raises:
        StoreError: as for `open_writer`.
    """
    with translated(path):
        if not path.exists():
            return None
        connection = _connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        with translated(path):
            if _is_current(connection, path):
                return connection
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite and the file system into a StoreError that names the file and the mend."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise store_error(path, error) from error


def store_error(path: Path, error: sqlite3.Error | OSError) -> StoreError:
    """Say what went wrong with the file, and what to do about it."""
    code = getattr(error, "sqlite_errorcode", None)
    mend = _MENDS.get(code & 0xFF) if isinstance(code, int) else None
    return StoreError(f"cache {path}: {error}" + (f" ({mend})" if mend else ""))


def _connect(name: str, *, uri: bool = False) -> sqlite3.Connection:
    # Every connection here is guarded by a lock or owned by one thread, just not by the one that opened it.
    connection = sqlite3.connect(name, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=uri)
    # A damaged text column must come back as a value that fails its checksum, not as an exception.
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return connection


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    with closing(connection.execute(f"PRAGMA {name}")) as cursor:
        return cursor.fetchone()[0]


def _is_current(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the tables are there; False for an empty file. Raises StoreError for a file that is not ours."""
    application, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    if application == APPLICATION_ID and version == SCHEMA_VERSION:
        return True
    if application == APPLICATION_ID and version > SCHEMA_VERSION:
        raise StoreError(
            f"cache {path}: written by a newer prism (format {version}, this one reads {SCHEMA_VERSION}); "
            "upgrade prism-engine, or choose another cache folder"
        )
    if application or version or _pragma(connection, "schema_version"):
        raise StoreError(f"cache {path}: a SQLite file, but not a prism cache; name another one, or move it away")
    return False


def _create_tables(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not _is_current(connection, path):  # another process may have been faster
            for statement in _TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _enter_wal(connection: sqlite3.Connection, path: Path) -> None:
    """Switch to the write-ahead log, where readers and the writer do not block each other."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            mode = _pragma(connection, "journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # SQLite does not wait by itself while several processes make the same switch.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            break
    if mode != "wal":
        raise StoreError(f"cache {path}: this file system cannot keep a write-ahead log; put the cache on a local disk")
