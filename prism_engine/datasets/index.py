"""The SQLite file that stands for a benchmark once it was read: its samples, without the picture bytes."""

from __future__ import annotations

import glob
import json
import os
import re
import secrets
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from prism_engine.datasets.picture_cells import Reference
from prism_engine.datasets.rows import OPTION
from prism_engine.errors import DatasetError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prism_engine.datasets.images import ImageStore
    from prism_engine.datasets.picture_cells import StoredPicture
    from prism_engine.datasets.rows import Row

READER_VERSION = 4
"""Raised whenever the same table would give other samples, or this file another shape: old ones are rebuilt."""

TEXTS = ("question", "hint", "answer", "category", "l2_category", "split", "gold_description")
_KNOWN = frozenset((*TEXTS, "index", "image"))
_SCHEMA = """
CREATE TABLE facts (value TEXT NOT NULL);
CREATE TABLE samples (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, row INTEGER NOT NULL, images TEXT NOT NULL,
    refers INTEGER NOT NULL, options TEXT NOT NULL,
    question TEXT NOT NULL, hint TEXT, answer TEXT, category TEXT, l2_category TEXT, split TEXT,
    gold_description TEXT, extra TEXT NOT NULL
);
CREATE TABLE pictures (digest TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL) WITHOUT ROWID;
"""
_INSERT = "INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_BATCH = 500
_ABANDONED = 86_400.0  # seconds
_INTEGER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class BenchmarkFacts:
    """What is known of a benchmark as a whole."""

    path: str
    """Absolute path of the table."""
    size: int
    """Bytes of the table, pictures included."""
    mtime_ns: int
    sha256: str
    """Digest of the table (64 hex digits)."""
    columns: tuple[str, ...]
    """Normalised names, in file order."""
    samples: int
    dropped: int
    """Rows left out because their `image` cell is empty."""
    integer_ids: bool
    """Whether every index is an integer, as VLMEvalKit would then read it."""
    pictures: int
    """Distinct pictures."""
    name: str = ""
    """What the benchmark is called."""
    kind: str | None = None
    """What a right answer is, where the file itself says so."""
    version: int = READER_VERSION


class IndexWriter:
    """Fills a new index file. Rows are added in file order, then `finish` resolves references."""

    def __init__(self, db: sqlite3.Connection, table: Path) -> None:
        self._db = db
        self._table = table
        self.samples = 0
        self.integer_ids = True
        db.executescript(_SCHEMA)

    @property
    def pictures(self) -> int:
        """Distinct pictures so far."""
        return int(self._db.execute("SELECT count(*) FROM pictures").fetchone()[0])

    def add(self, row: Row, pictures: tuple[StoredPicture | Reference, ...]) -> None:
        """Append a sample.

        Raises:
            DatasetError: an earlier row has the same index.
        """
        images = [{"index": p.index} if isinstance(p, Reference) else p.digest for p in pictures]
        refers = any(isinstance(picture, Reference) for picture in pictures)
        options = [[name, text] for name, text in row.cells.items() if text and OPTION.fullmatch(name)]
        texts = [row.cells.get(name) or None for name in TEXTS[1:]]
        extra = {name: text for name, text in row.cells.items() if text and _is_extra(name)}
        values = (self.samples, row.index, row.number, json.dumps(images), refers, json.dumps(sorted(options)))
        try:
            self._db.execute(_INSERT, (*values, row.cells["question"], *texts, json.dumps(extra)))
        except sqlite3.IntegrityError as error:
            first = self._db.execute("SELECT row FROM samples WHERE id = ?", (row.index,)).fetchone()[0]
            raise DatasetError(
                f"row {first} has the same index; every row needs one of its own",
                path=self._table, row=row.number, index=row.index, column="index",
            ) from error  # fmt: skip
        self._note([picture for picture in pictures if not isinstance(picture, Reference)])
        self.samples += 1
        self.integer_ids = self.integer_ids and _INTEGER.fullmatch(row.index) is not None

    def note_file(self, path: Path, status: os.stat_result) -> None:
        """Remember a file that rows were read from; when it changes, the index is out of date."""
        values = (os.fsencode(path), status.st_size, status.st_mtime_ns)
        self._db.execute("INSERT OR IGNORE INTO sources VALUES (?, ?, ?)", values)

    def resolve(self) -> None:
        """Give rows that refer to others the pictures of those.

        Raises:
            DatasetError: a reference leads nowhere, or to a row that refers on.
        """
        last = -1
        find = "SELECT position, row, id, images FROM samples WHERE refers AND position > ? ORDER BY position LIMIT ?"
        while batch := self._db.execute(find, (last, _BATCH)).fetchall():
            for position, number, index, images in batch:
                found: list[str] = []
                for image in json.loads(images):
                    found += [image] if isinstance(image, str) else self._target(image["index"], number, index)
                self._db.execute("UPDATE samples SET images = ? WHERE position = ?", (json.dumps(found), position))
            last = batch[-1][0]

    def finish(self, facts: BenchmarkFacts) -> None:
        """Write the facts and commit."""
        self._db.execute("INSERT INTO facts VALUES (?)", (json.dumps(asdict(facts)),))
        self._db.commit()

    def _note(self, pictures: list[StoredPicture]) -> None:
        self._db.executemany("INSERT OR IGNORE INTO pictures VALUES (?, ?)", [(p.digest, p.size) for p in pictures])
        self._db.executemany(
            "INSERT OR IGNORE INTO sources VALUES (?, ?, ?)",
            [(os.fsencode(p.source), p.size, p.mtime_ns) for p in pictures if p.source is not None],
        )

    def _target(self, target: str, number: int, index: str) -> list[str]:
        row = self._db.execute("SELECT row, refers, images FROM samples WHERE id = ?", (target,)).fetchone()
        if row is not None and not row[1]:
            digests: list[str] = json.loads(row[2])
            return digests
        if row is None:
            reason = f"holds neither a picture nor the index of a row with one: {target!r}"
        else:
            reason = f"names index {target}, whose row {row[0]} refers on; name the row that holds the picture"
        raise DatasetError(reason, path=self._table, row=number, index=index, column="image")


def _is_extra(name: str) -> bool:
    return name not in _KNOWN and OPTION.fullmatch(name) is None


@contextmanager
def building(final: Path, table: Path) -> Iterator[IndexWriter]:
    """An index under construction; it takes its place at once when the block ends well, else it is gone.

    Raises:
        StoreError: the cache cannot be written.
    """
    part = final.with_name(f".{final.name}.{os.getpid()}-{secrets.token_hex(4)}")
    _prepare(final)
    try:
        with closing(sqlite3.connect(part)) as db:
            # A half-built file is thrown away, so it needs no journal of its own.
            db.execute("PRAGMA journal_mode = OFF")
            db.execute("PRAGMA synchronous = OFF")
            yield IndexWriter(db, table)
        _publish(part, final)
    except sqlite3.Error as error:
        raise StoreError(f"{final}: the benchmark index cannot be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def _prepare(final: Path) -> None:
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        for left in final.parent.glob(f".{glob.escape(final.name)}.*"):
            # What a killed process left; a younger one may still be at work.
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()
    except FileNotFoundError:
        return  # another process removed it first
    except OSError as error:
        raise StoreError(f"{final.parent}: the cache cannot be written: {error.strerror}") from error


def _publish(part: Path, final: Path) -> None:
    try:
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(final)
    except OSError as error:
        raise StoreError(f"{final}: the benchmark index cannot be written: {error.strerror}") from error


def connect(path: Path) -> sqlite3.Connection:
    """Open a finished index for reading; any thread may use the connection."""
    # Finished files are replaced, never changed: SQLite may skip its locks, which network disks lack.
    return sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, check_same_thread=False)


def read_facts(db: sqlite3.Connection) -> BenchmarkFacts:
    """What the index says of the whole benchmark."""
    values: dict[str, Any] = json.loads(db.execute("SELECT value FROM facts").fetchone()[0])
    return BenchmarkFacts(**{**values, "columns": tuple(values["columns"])})


def is_current(path: Path, table: Path, status: os.stat_result, store: ImageStore) -> bool:
    """Whether an index still describes the table, its picture files, and pictures that the store holds."""
    if not path.is_file():
        return False
    try:
        with closing(connect(path)) as db:
            facts = read_facts(db)
            written = (facts.version, facts.path, facts.size, facts.mtime_ns)
            if written != (READER_VERSION, str(table), status.st_size, status.st_mtime_ns):
                return False
            return all(store.holds(*row) for row in db.execute("SELECT digest, size FROM pictures")) and all(
                _unchanged(*row) for row in db.execute("SELECT path, size, mtime_ns FROM sources")
            )
    except (sqlite3.Error, TypeError, KeyError, ValueError):
        return False


def _unchanged(path: bytes, size: int, mtime_ns: int) -> bool:
    try:
        status = os.stat(path)  # noqa: PTH116 -- bytes: a name need not be valid text
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (size, mtime_ns)
