"""The SQLite file behind the cache: its tables and pragmas, opening it, and translating its errors."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from prism_engine.errors import StoreError, UserError
from prism_engine.sql_text import plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

APPLICATION_ID = 0x5052534D
"""`PRAGMA application_id` of prism's files: "PRSM"."""
SCHEMA_VERSION = 2
"""`PRAGMA user_version` of the tables below."""
BUSY_SECONDS = 30.0
"""How long one process waits for another process's transaction."""
_CHECKPOINT_MILLISECONDS = 1000
LARGEST_ROW = 64 << 20
"""Bytes of a row that SQLite may read or write: a file that was received must not fill the memory."""
_LOG_PAGES = 8000
"""Length of the write-ahead log, in pages of 4 kB, at which it is checkpointed; a checkpoint waits for the disk."""

_STEPS = {
    0: (
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
    ),
    1: (
        """CREATE TABLE set_aside (
            id INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,    -- of the finding, so that it is kept once
            reason TEXT NOT NULL,
            set_aside_at REAL NOT NULL,     -- seconds since 1970, UTC
            key, max_tokens, outcome, value, checksum, created_at   -- as they were read, of whatever type
        )""",
    ),
}
"""Statements that migrate each format to the next; 0 is an empty file. A released step never changes."""

_STATISTICS = ("sqlite_stat1", "sqlite_stat4")
_TOO_BIG = f"a row is larger than {LARGEST_ROW >> 20} MiB, which prism never writes"
_REMEDIES = {
    sqlite3.SQLITE_TOOBIG: _TOO_BIG,
    sqlite3.SQLITE_FULL: "free some space and start again; everything stored so far is kept",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable, or choose another cache folder",
    sqlite3.SQLITE_CANTOPEN: "check that the folder exists and is writable",
    sqlite3.SQLITE_BUSY: f"another process has kept it locked for over {BUSY_SECONDS:.0f} s; check if it is stuck",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; move it away, or check it with `prism cache verify`",
    sqlite3.SQLITE_NOTADB: "this is not a SQLite file; name another one, or move it away",
}


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the file for writing; create what is missing, and migrate an older format.

    Raises:
        StoreError: it cannot be opened, is not a prism cache, or was written by a newer prism.
    """
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(str(path))
    try:
        with translated(path):
            if _version(connection, path) < SCHEMA_VERSION:
                _migrate(connection, path)
            _enter_wal(connection, path)
            # NORMAL: a commit reaches the operating system, which outlives this process.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection | None:
    """Open the file read-only, without creating or changing anything; None if there is no cache yet.

    A file of an older format is read as is; format 1 has no table `set_aside`.

    Raises:
        StoreError: as for `open_writer`.
    """
    with translated(path):
        if not path.exists():
            return None
        connection = _connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        with translated(path):
            if _version(connection, path):
                return connection
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit everything the block writes, or nothing; meanwhile readers continue and other writers wait."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite rolls back by itself after some errors
            connection.execute("ROLLBACK")
        raise


def checkpoint(connection: sqlite3.Connection) -> None:
    """Move the write-ahead log into the file, unless another process's reader prevents it."""
    with suppress(sqlite3.Error):
        connection.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_MILLISECONDS}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def require_models(connection: sqlite3.Connection, path: Path, models: Collection[str]) -> None:
    """Raise a UserError for a model without stored calls; the message lists the models that have some."""
    if models:
        known = {str(model) for (model,) in connection.execute("SELECT DISTINCT model FROM requests").fetchall()}
        for model in models:
            if model not in known:
                raise UserError(f"cache {path}: has no calls of model {model!r}; it has: {', '.join(sorted(known))}")


class _Translation:  # not a generator: every look-up enters one
    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        match error:
            case sqlite3.Error() | OSError():
                raise store_error(self._path, error) from error
            case MemoryError() | OverflowError():  # of Python's own: a value is too large for it or for SQLite
                raise StoreError(f"cache {self._path}: {str(error) or 'not enough memory'}") from error
            case UnicodeDecodeError():  # SQLite quotes damaged bytes in its message, which Python cannot decode
                raise StoreError(f"cache {self._path}: {_REMEDIES[sqlite3.SQLITE_CORRUPT]}") from error


def translated(path: Path) -> AbstractContextManager[None]:
    """Turn errors of SQLite and the file system in a block into a StoreError that names the file and the fix."""
    return _Translation(path)


def store_error(path: Path, error: sqlite3.Error | OSError) -> StoreError:
    """Return an error that says what went wrong with the file and how to fix it."""
    code = getattr(error, "sqlite_errorcode", None)
    remedy = _REMEDIES.get(code & 0xFF) if isinstance(code, int) else None
    return StoreError(f"cache {path}: {error}" + (f" ({remedy})" if remedy else ""))


def _connect(name: str, *, uri: bool = False) -> sqlite3.Connection:
    # Every connection is guarded by a lock or owned by one thread, but not by the thread that opened it.
    connection = sqlite3.connect(name, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=uri)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_ROW)
    # A damaged text column must yield a value that fails its checksum, not an exception.
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return connection


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    with closing(connection.execute(f"PRAGMA {name}")) as cursor:
        return cursor.fetchone()[0]


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Let all reads of the block see one moment of the file, whatever other processes commit meanwhile."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        with suppress(sqlite3.Error):  # nothing was written; some errors have ended the transaction already
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the file's format; 0 for an empty file. Raises StoreError if this prism cannot use it."""
    with _snapshot(connection):  # else another process may create the tables between two of these reads
        application, version, content = (
            _pragma(connection, name) for name in ("application_id", "user_version", "schema_version")
        )
        if application == APPLICATION_ID and 1 <= version <= SCHEMA_VERSION:
            _refuse_foreign_schema(connection, path, version)
            return int(version)
    if application == APPLICATION_ID and version > SCHEMA_VERSION:
        raise StoreError(
            f"cache {path}: written by a newer prism (format {version}, this one reads up to {SCHEMA_VERSION}); "
            "upgrade prism-engine, or choose another cache folder"
        )
    if application or version or content:
        raise StoreError(f"cache {path}: a SQLite file, but not a prism cache; name another one, or move it away")
    return 0


def _refuse_foreign_schema(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Raise StoreError unless the file has prism's own tables and nothing that could compute something.

    A file may come from someone else. A view or a virtual table in the place of a table yields whatever it likes,
    without end; a trigger, a generated column or a constraint runs with every row that prism writes.
    """
    ours = {plain(statement) for step in range(version) for statement in _STEPS[step]}
    found = set()
    for kind, name, statement in connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall():
        if (kind == "index" and statement is None) or name in _STATISTICS:
            continue  # SQLite's own: the index of a UNIQUE, the statistics of an ANALYZE
        if plain(str(statement)) not in ours:
            raise StoreError(
                f"cache {path}: its {kind} {str(name)[:80]!r} was not made by prism; name another cache, or move it "
                "away (`prism cache import` takes only files that prism wrote)"
            )
        found.add(plain(str(statement)))
    if found != ours:
        raise StoreError(f"cache {path}: {_REMEDIES[sqlite3.SQLITE_CORRUPT]}: not all of its tables are there")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply all missing steps in one transaction: a process that dies here leaves the file as it was."""
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # takes effect only in an empty file
    with transaction(connection):
        for version in range(_version(connection, path), SCHEMA_VERSION):  # another process may have migrated it
            for statement in _STEPS[version]:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _enter_wal(connection: sqlite3.Connection, path: Path) -> None:
    """Switch to the write-ahead log, with which readers and the writer do not block each other."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            mode = _pragma(connection, "journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # SQLite does not wait by itself while multiple processes make the same switch.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            break
    if mode != "wal":
        raise StoreError(
            f"cache {path}: this file system does not support a write-ahead log; put the cache on a local disk"
        )
