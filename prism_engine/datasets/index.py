"""A benchmark's SQLite index: its samples, without the picture bytes."""

from __future__ import annotations

import glob
import json
import os
import re
import secrets
import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from prism_engine.datasets.answer_letters import numbered, position_of
from prism_engine.datasets.picture_cells import Reference
from prism_engine.datasets.rows import OPTION
from prism_engine.errors import DatasetError, StoreError
from prism_engine.imaging.gone import last_gone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prism_engine.datasets.images import ImageStore
    from prism_engine.datasets.picture_cells import StoredPicture
    from prism_engine.datasets.rows import Row

READER_VERSION = 7
"""Raised whenever reading the same table would yield different samples or schema; older indexes are rebuilt."""

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
CREATE TABLE pictures (digest TEXT PRIMARY KEY, size INTEGER NOT NULL, facts TEXT) WITHOUT ROWID;
CREATE TABLE sources (path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL) WITHOUT ROWID;
"""
_INSERT = "INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_BATCH = 500
_LOOKED_AT = 16
"""Pictures that opening a benchmark looks at: enough to notice that the folder was deleted."""
_ABANDONED = 86_400.0
"""Seconds after which an unfinished index counts as left by a killed process."""
_INTEGER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class BenchmarkFacts:
    """Facts about a benchmark as a whole."""

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
    """Number of rows left out because their `image` cell is empty; 0 if no row has a picture, and all are kept."""
    integer_ids: bool
    """Whether every index is an integer (VLMEvalKit then reads them as integers)."""
    pictures: int
    """Number of distinct pictures."""
    name: str = ""
    """The benchmark's name."""
    kind: str | None = None
    """How answers are scored, if the file itself says so."""
    version: int = READER_VERSION


class IndexWriter:
    """Fills a new index file: `add` rows in file order, `flush`, then `resolve` references, then `finish`."""

    def __init__(self, db: sqlite3.Connection, table: Path) -> None:
        self._db = db
        self._table = table
        self._rows: list[tuple[Any, ...]] = []
        self._pictures: list[StoredPicture] = []
        """Of these rows, not written yet."""
        self.samples = 0
        self.integer_ids = True
        db.executescript(_SCHEMA)

    @property
    def pictures(self) -> int:
        """Number of distinct pictures written so far."""
        return int(self._db.execute("SELECT count(*) FROM pictures").fetchone()[0])

    def add(self, row: Row, pictures: tuple[StoredPicture | Reference, ...]) -> None:
        """Append a sample.

        Raises:
            DatasetError: as `flush`.
        """
        images = [{"index": p.index} if isinstance(p, Reference) else p.digest for p in pictures]
        refers = any(isinstance(picture, Reference) for picture in pictures)
        options = [[name, text] for name, text in row.cells.items() if text and OPTION.fullmatch(name)]
        texts = [row.cells.get(name) or None for name in TEXTS[1:]]
        extra = {name: text for name, text in row.cells.items() if text and _is_extra(name)}
        values = (self.samples, row.index, row.number, json.dumps(images), refers, json.dumps(sorted(options)))
        self._rows.append((*values, row.cells["question"], *texts, json.dumps(extra)))
        self._pictures += [picture for picture in pictures if not isinstance(picture, Reference)]
        self.samples += 1
        self.integer_ids = self.integer_ids and _INTEGER.fullmatch(row.index) is not None
        if len(self._rows) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the rows added so far.

        Raises:
            DatasetError: one of them has the index of an earlier one.
        """
        rows, self._rows = self._rows, []
        try:
            self._db.executemany(_INSERT, rows)
        except sqlite3.IntegrityError as error:
            written = self._db.execute("SELECT count(*) FROM samples").fetchone()[0]
            _, index, number, *_ = next(row for row in rows if row[0] == written)
            first = self._db.execute("SELECT row FROM samples WHERE id = ?", (index,)).fetchone()[0]
            raise DatasetError(
                f"row {first} has the same index; every row needs a unique one",
                path=self._table, row=number, index=index, column="index",
            ) from error  # fmt: skip
        self._add_pictures(self._pictures)
        self._pictures = []

    def note_file(self, path: Path, status: os.stat_result) -> None:
        """Record a file that rows were read from; the index is outdated once it changes."""
        values = (os.fsencode(path), status.st_size, status.st_mtime_ns)
        self._db.execute("INSERT OR IGNORE INTO sources VALUES (?, ?, ?)", values)

    def number_answers(self, first: int) -> None:
        """Replace answers that are an option's number by its letter.

        Args:
            first: the number of the first option.
        """
        self.flush()
        find = "SELECT position, options, answer FROM samples WHERE answer GLOB '[0-9]*' AND options <> '[]'"
        for position, options, answer in self._db.execute(find).fetchall():
            texts = dict(json.loads(options))
            number = position_of(answer, texts)
            letter = None if number is None else numbered(number, first, texts)
            if letter is not None:
                self._db.execute("UPDATE samples SET answer = ? WHERE position = ?", (letter, position))

    def resolve(self) -> None:
        """Replace references to other rows with those rows' pictures.

        Raises:
            DatasetError: a reference points to no row, or to a row that itself refers to another; or as `flush`.
        """
        self.flush()
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

    def _add_pictures(self, pictures: list[StoredPicture]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO pictures VALUES (?, ?, ?)",
            [(p.digest, p.size, p.facts and json.dumps(p.facts)) for p in pictures],
        )
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
            reason = f"is neither a picture nor the index of a row with one: {target!r}"
        else:
            reason = f"names index {target}, but its row {row[0]} refers to another; name the row that has the picture"
        raise DatasetError(reason, path=self._table, row=number, index=index, column="image")


def _is_extra(name: str) -> bool:
    return name not in _KNOWN and OPTION.fullmatch(name) is None


@contextmanager
def building(final: Path, table: Path) -> Iterator[IndexWriter]:
    """Build an index; publish it atomically if the block succeeds, else discard it.

    Raises:
        StoreError: the cache cannot be written.
    """
    part = final.with_name(f".{final.name}.{os.getpid()}-{secrets.token_hex(4)}")
    _prepare(final)
    try:
        with closing(sqlite3.connect(part)) as db:
            # A half-built file is discarded, so it needs no journal.
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
        for leftover in final.parent.glob(f".{glob.escape(final.name)}.*"):
            # Left by a killed process; a younger file may still be in use.
            if time.time() - leftover.stat().st_mtime > _ABANDONED:
                leftover.unlink()
    except FileNotFoundError:
        return  # another process already removed it
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
    # Finished files are replaced, never changed, so SQLite can skip locks, which network disks may not support.
    return sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, check_same_thread=False)


def read_facts(db: sqlite3.Connection) -> BenchmarkFacts:
    """Read a benchmark's facts from its index."""
    values: dict[str, Any] = json.loads(db.execute("SELECT value FROM facts").fetchone()[0])
    return BenchmarkFacts(**{**values, "columns": tuple(values["columns"])})


def is_current(path: Path, table: Path, status: os.stat_result, store: ImageStore) -> bool:
    """Whether an index still matches its table and source files, and the store has its pictures.

    Files of the user's are all looked at, since they may change. Of the store's pictures only a few are, unless one was
    found to be gone: a benchmark may have millions.
    """
    try:
        noted = last_gone(store.root)
        limit = -1 if noted >= path.stat().st_mtime_ns else _LOOKED_AT
        with closing(connect(path)) as db:
            facts = read_facts(db)
            written = (facts.version, facts.path, facts.size, facts.mtime_ns)
            if written != (READER_VERSION, str(table), status.st_size, status.st_mtime_ns):
                return False
            pictures = db.execute("SELECT digest, size FROM pictures LIMIT ?", (limit,))
            if not all(store.holds(*row) for row in pictures):
                return False
            if not all(_unchanged(*row) for row in db.execute("SELECT path, size, mtime_ns FROM sources")):
                return False
        if limit < 0:  # all are there: the note needs no further look
            with suppress(OSError):  # a cache that may only be read is looked at each time
                os.utime(path, ns=(noted + 1, noted + 1))
    except (OSError, sqlite3.Error, TypeError, KeyError, ValueError):
        return False
    return True


def _unchanged(path: bytes, size: int, mtime_ns: int) -> bool:
    try:
        status = os.stat(path)  # noqa: PTH116 -- bytes: a file name may not be valid text
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (size, mtime_ns)
