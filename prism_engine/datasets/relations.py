"""Checks between rows: duplicate indexes, dangling references, missing rotations."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

from prism_engine.datasets.rows import OPTION
from prism_engine.scoring.flaws import Flaw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.datasets.rows import Row

ROTATED = 1_000_000
"""Offset in VLMEvalKit's numbering: the k-th rotation of a question has its index + k times this."""

_SCHEMA = """
CREATE TABLE rows (number INTEGER PRIMARY KEY, id TEXT, pictured INTEGER, refers INTEGER, grp TEXT, main INTEGER,
    options INTEGER);
CREATE INDEX ids ON rows (id);
CREATE TABLE refs (number INTEGER, target TEXT);
"""
_TWICE = """
    SELECT number, id, first FROM rows JOIN (SELECT id, min(number) AS first FROM rows GROUP BY id HAVING count(*) > 1)
    USING (id) WHERE number > first ORDER BY number
"""
_DANGLING = """
    SELECT refs.number, source.id, target, found.number, found.refers FROM refs
    JOIN rows AS source ON source.number = refs.number
    LEFT JOIN rows AS found ON found.id = target AND found.pictured
    WHERE found.number IS NULL OR found.refers ORDER BY refs.number
"""
_GROUPS = """
    SELECT min(number), grp, count(*), max(options), max(main) FROM rows WHERE grp NOT NULL AND pictured
    GROUP BY grp HAVING count(*) <> max(options) OR NOT max(main) ORDER BY 1
"""
_INTEGER = re.compile(r"[+-]?[0-9]+")

LocatedFlaw = tuple[int, str, Flaw]
"""A row's number, its index and its flaw."""


class Relations:
    """Collects rows' indexes, references and groups in a temporary SQLite database.

    Args:
        circular: whether the benchmark has rotations (the same question with its options rotated).
    """

    def __init__(self, *, circular: bool) -> None:
        self._circular = circular
        self._db = sqlite3.connect("")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Delete the database."""
        self._db.close()

    def add(self, row: Row, *, pictured: bool, targets: tuple[str, ...]) -> None:
        """Add a row.

        Args:
            pictured: whether it has a picture, directly or by reference; if not, a run leaves it out.
            targets: the indexes that it refers to.
        """
        group = self._group(row) if self._circular else None
        main = group == row.index
        options = sum(1 for name, text in row.cells.items() if text and OPTION.fullmatch(name))
        values = (row.number, row.index, pictured, bool(targets), group, main, options)
        self._db.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        self._db.executemany("INSERT INTO refs VALUES (?, ?)", [(row.number, target) for target in targets])

    def flaws(self) -> Iterator[LocatedFlaw]:
        """Yield flaws that involve multiple rows."""
        for number, index, first in self._db.execute(_TWICE):
            yield number, index, Flaw("error", "duplicate index", "index", f"row {first} has the same one")
        for number, index, target, found, refers in self._db.execute(_DANGLING):
            why = f"row {found} refers to another row" if refers else "no such row with a picture"
            flaw = Flaw("error", "dangling reference", "image", f"names index {target[:40]!r}: {why}")
            yield number, index, flaw
        for number, group, count, options, main in self._db.execute(_GROUPS):
            yield number, group, _of_group(count, options, main=bool(main))

    def _group(self, row: Row) -> str | None:
        if row.cells.get("g_index"):
            return row.cells["g_index"]
        return str(int(row.index) % ROTATED) if _INTEGER.fullmatch(row.index) and len(row.index) < 19 else None


def _of_group(count: int, options: int, *, main: bool) -> Flaw:
    if not main:
        return Flaw("error", "rotations without their question", "index", "the unrotated row of this group is missing")
    if count == 1:
        return Flaw("warning", "question without rotations", "index", f"has {options} options but no rotations")
    if count < options:
        reason = f"only {count} of {options} rotations exist; missing ones make the group easier to get right"
        return Flaw("error", "missing rotations", "index", reason)
    return Flaw("warning", "more rotations than options", "index", f"{count} rows for {options} options")
