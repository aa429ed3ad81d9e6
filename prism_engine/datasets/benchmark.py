"""An opened benchmark: random access to its samples in constant memory."""

from __future__ import annotations

import json
import sqlite3
from array import array
from itertools import islice, starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import orjson

from prism_engine.config.benchmarks import answer_kind
from prism_engine.datasets.images import ImageStore
from prism_engine.datasets.index import TEXTS, connect, read_facts
from prism_engine.datasets.ingest import ensure_index
from prism_engine.datasets.option_columns import left_out, may_be_left_out
from prism_engine.datasets.order import visits
from prism_engine.datasets.readiness import EXAMPLES, Example, Shape, is_one_letter, is_unread
from prism_engine.datasets.row_checks import LEAKED
from prism_engine.errors import DatasetError, StoreError
from prism_engine.records import AnswerKind, Option, PictureFacts, Sample
from prism_engine.scoring import AnswerCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from prism_engine.datasets.ingest import IngestCallback
    from prism_engine.records import Image

_BATCH = 256
_COLUMNS = f"images, position, id, options, extra, {', '.join(TEXTS)}"
# The interpolated names are constants of this package.
_FIND = f"SELECT {_COLUMNS} FROM samples WHERE position IN (SELECT value FROM json_each(?))"  # noqa: S608
_FIND_FACTS = "SELECT digest, facts FROM pictures WHERE facts NOT NULL AND digest IN (SELECT value FROM json_each(?))"
_ANSWER_COUNTS = """
    SELECT count(*), count(*) FILTER (WHERE options <> '[]'), count(answer),
        count(*) FILTER (WHERE lower(trim(answer)) IN ('yes', 'no'))
    FROM samples
"""
# A letter occurs as `["A", ` in the options only where it is one: quotes in their texts are escaped.
_SHAPE = """
    SELECT count(answer), count(*) FILTER (WHERE options <> '[]'),
        count(*) FILTER (WHERE options <> '[]' AND answer NOT NULL),
        count(*) FILTER (WHERE length(trim(answer)) = 1 AND instr(options, '["' || trim(answer) || '", ')),
        count(*) FILTER (WHERE options = '[]' AND length(answer) < 9 AND is_one_letter(answer)),
        count(*) FILTER (WHERE options = '[]' AND (extra LIKE '%"options": %' OR extra LIKE '%"choices": %')
            AND is_unread(json_extract(extra, '$.options'), json_extract(extra, '$.choices'))),
        count(*) FILTER (WHERE trim(question, char(9, 10, 13, 32)) = '')
    FROM samples WHERE position < ?
"""
_UNSCORABLE = """
    SELECT row, id, answer, options FROM samples WHERE position < ? AND answer NOT NULL AND options <> '[]'
    AND NOT (length(trim(answer)) = 1 AND instr(options, '["' || trim(answer) || '", ')) ORDER BY position
"""
_CELLS = "SELECT row, id, options, extra FROM samples WHERE position < ? AND options <> '[]' ORDER BY position"
_LEAKED = """
    SELECT count(*) FROM samples
    WHERE position < ? AND EXISTS (SELECT 1 FROM json_each(?) AS word WHERE options LIKE word.value ESCAPE '~')
"""
_GOLD = "gold_description"
_WITHOUT_GOLD = """
    SELECT row, id FROM samples
    WHERE position < ? AND trim(coalesce(gold_description, ''), char(9, 10, 13, 32)) = '' ORDER BY position LIMIT 1
"""


def open_benchmark(path: Path, cache_dir: Path, progress: IngestCallback | None = None) -> Benchmark:
    """Open a VLMEvalKit TSV, a JSONL, JSON or Parquet file, or a mapping file (YAML).

    The first call reads the file and indexes it in the cache; later calls use the index.

    Args:
        cache_dir: pictures go to its `images/`, indexes to its `benchmarks/`; benchmarks, threads and processes may
            share one cache.
        progress: called after every row while the file is indexed.

    Raises:
        UserError: the file is malformed; names row, index and column where possible.
        StoreError: the cache cannot be written or read.
    """
    store = ImageStore(cache_dir / "images")
    return Benchmark(ensure_index(path.absolute(), cache_dir / "benchmarks", store, progress), store)


class Benchmark:
    """The samples of one benchmark, numbered from 0 in file order. Close it after use."""

    def __init__(self, index: Path, store: ImageStore) -> None:
        self._index = index
        self._store = store
        self._db = connect(index)
        self._shapes: dict[int, Shape] = {}
        self.facts = read_facts(self._db)
        """Size, digest, counts and columns of the file."""
        self.path = Path(self.facts.path)
        self.name = self.facts.name or self.path.stem
        self.kind = self._kind()
        """How answers are scored: from the file or the benchmark's name, else inferred from its rows."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Benchmark {self.name}: {len(self)} samples, {self.facts.pictures} pictures>"

    def __len__(self) -> int:
        return self.facts.samples

    def __iter__(self) -> Iterator[Sample]:
        return self.samples(range(len(self)))

    @property
    def sha256(self) -> str:
        """Digest of the file's bytes (64 hex digits)."""
        return self.facts.sha256

    @property
    def dropped(self) -> int:
        """Number of rows left out because they have no picture; 0 if no row has one."""
        return self.facts.dropped

    @property
    def stated_kind(self) -> AnswerKind | None:
        """How answers are scored, as the file or the benchmark's name says; None if neither does."""
        return answer_kind(self.name) if self.facts.kind is None else AnswerKind(self.facts.kind)

    @property
    def categories(self) -> tuple[str, ...]:
        """Distinct categories, in file order."""
        found = self._query("SELECT category FROM samples WHERE category NOT NULL GROUP BY 1 ORDER BY min(position)")
        return tuple(category for (category,) in found)

    def counts(self, column: Literal["category", "l2_category", "split"]) -> dict[str, int]:
        """Number of samples per value of a column, in file order."""
        find = f"SELECT {column}, count(*) FROM samples WHERE {column} NOT NULL GROUP BY 1 ORDER BY min(position)"  # noqa: S608
        return dict(self._query(find))

    def pictures(self, limit: int) -> tuple[Image, ...]:
        """Up to `limit` distinct pictures, ordered by digest."""
        return tuple(self._store.image(digest) for (digest,) in self._query(
            "SELECT digest FROM pictures ORDER BY digest LIMIT ?", limit
        ))  # fmt: skip

    def sample(self, position: int) -> Sample:
        """The sample at a position.

        Raises:
            IndexError: the position is out of range.
        """
        return next(self.samples((position,)))

    def samples(self, positions: Iterable[int]) -> Iterator[Sample]:
        """Yield the samples at the given positions, in that order, repeats included; a few hundred are in memory.

        Raises:
            IndexError: a position is out of range.
            StoreError: the index cannot be read.
        """
        remaining = iter(positions)
        while batch := list(islice(remaining, _BATCH)):
            outside = [position for position in batch if not 0 <= position < len(self)]
            if outside:
                raise IndexError(f"{self.name} has samples 0 to {len(self) - 1}, not {outside[0]}")
            rows = [(_loads(images), *row) for images, *row in self._query(_FIND, json.dumps(batch))]
            facts = self._facts({digest for digests, *_ in rows for digest in digests})
            found = {row[1]: self._sample(facts, *row) for row in rows}
            yield from (found[position] for position in batch)

    def order(self, count: int, seed: int = 0) -> array[int]:
        """Return the first `count` positions, shuffled into a run's visiting order; see `order.py`.

        Raises:
            StoreError: the index cannot be read.
        """
        try:
            return array("q", visits(self._db, count, seed))
        except sqlite3.Error as error:
            raise StoreError(f"{self._index}: cannot be read: {error}") from error

    def position(self, index: str) -> int | None:
        """Position of the sample with this index; None if there is no such sample."""
        found = self._query("SELECT position FROM samples WHERE id = ?", index)
        return int(found[0][0]) if found else None

    def shape(self, count: int) -> Shape:
        """Return what the first `count` samples have, counted (once), as `readiness` judges it."""
        if count not in self._shapes:
            self._shapes[count] = self._shape(count)
        return self._shapes[count]

    def _shape(self, count: int) -> Shape:
        self._db.create_function("is_one_letter", 1, is_one_letter, deterministic=True)
        self._db.create_function("is_unread", 2, is_unread, deterministic=True)
        ((answered, with_options, choosable, scorable, letters, unread, unasked),) = self._query(_SHAPE, count)
        samples = self.samples(range(min(count, len(self), EXAMPLES)))
        return Shape(
            name=self.name,
            columns=self.facts.columns,
            samples=min(count, len(self)),
            pictured=self.facts.pictures > 0,
            answered=answered,
            with_options=with_options,
            choosable=choosable,
            scorable=scorable,
            letters=letters,
            unread=unread,
            unasked=unasked,
            examples=tuple(
                Example(sample.answer or "", {option.letter: option.text for option in sample.options}, sample.extra)
                for sample in samples
            ),
        )

    def unscorable(self, count: int) -> Iterator[tuple[int, str, str, dict[str, str]]]:
        """Yield the row, index, answer and options of those of the first `count` samples whose answer is no option."""
        for row, index, answer, options in self._query(_UNSCORABLE, count):
            yield row, index, answer, dict(json.loads(options))

    def left_out(self, count: int) -> Iterator[tuple[int, str, str, list[str]]]:
        """Yield the row, index, column and letters of each of the first `count` samples with an option not read."""
        if not may_be_left_out(self.facts.columns):
            return
        for row, index, options, extra in self._query(_CELLS, count):
            read = dict(json.loads(options))
            for column in left_out({**json.loads(extra), **read}):
                yield row, index, column, list(read)

    def leaked(self, count: int) -> int:
        """Number of the first `count` samples with an option that another program wrote for an empty cell."""
        found = self._query(_LEAKED, count, json.dumps([f"%, {json.dumps(word)}]%" for word in sorted(LEAKED)]))
        return int(found[0][0])

    def require_gold(self, count: int) -> None:
        """Check that each of the first `count` samples has a gold description.

        Raises:
            DatasetError: the column is missing, or a cell is empty; names the first such row.
        """
        if _GOLD not in self.facts.columns:
            raise DatasetError(
                "there is no such column, but mode oracle answers from gold descriptions; add it with text in every "
                "row, or leave this mode out",
                path=self.path, column=_GOLD,
            )  # fmt: skip
        for row, index in self._query(_WITHOUT_GOLD, count):
            raise DatasetError(
                "the cell is empty, but mode oracle answers from gold descriptions; write one, or leave this mode out",
                path=self.path, row=row, index=index, column=_GOLD,
            )  # fmt: skip

    def close(self) -> None:
        """Close the index file. Idempotent."""
        self._db.close()

    def _kind(self) -> AnswerKind:
        if self.facts.kind is not None:
            return AnswerKind(self.facts.kind)
        (counts,) = self._query(_ANSWER_COUNTS)
        return AnswerCounts(*counts).kind(self.name)

    def _query(self, sql: str, *values: str | int) -> list[Any]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self._index}: cannot be read: {error}") from error

    def _facts(self, digests: Iterable[str]) -> dict[str, PictureFacts]:
        return {digest: PictureFacts(*_loads(facts)) for digest, facts in self._query(
            _FIND_FACTS, json.dumps(list(digests))
        )}  # fmt: skip

    def _sample(
        self,
        facts: dict[str, PictureFacts],
        images: list[str],
        position: int,
        index: str,
        options: str,
        extra: str,
        *texts: str | None,
    ) -> Sample:
        question, hint, answer, category, l2_category, split, gold_description = texts
        return Sample(
            position,
            index,
            tuple([self._store.image(digest, facts.get(digest)) for digest in images]),
            question or "",
            hint,
            tuple(starmap(Option, _loads(options))) if options != "[]" else (),
            answer,
            category,
            l2_category,
            split,
            gold_description,
            _loads(extra) if extra != "{}" else {},
            self.kind,
        )


def _loads(text: str) -> Any:
    """Parse JSON of the index; `json` handles what orjson refuses, such as half a character."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)
