"""A table of precomputed descriptions, keyed by a benchmark's index, row position or picture digest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from prism_engine.datasets.batch_output import batch_record, is_batch_output
from prism_engine.datasets.recorded import file_digest
from prism_engine.datasets.records_files import read_records
from prism_engine.errors import DatasetError
from prism_engine.similar_names import CLOSE, similar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from prism_engine.datasets.benchmark import Benchmark
    from prism_engine.records import Sample

JoinKey = Literal["index", "position", "picture"]

_KEYS: Final[dict[str, JoinKey]] = {
    "index": "index",
    "question_id": "index",
    "id": "index",
    "position": "position",
    "doc_id": "position",
    "image_digest": "picture",
    "digest": "picture",
    "sha256": "picture",
    "image": "picture",
}
"""Key columns in order of preference. `doc_id` is a row's number from 0."""
_TEXTS: Final = (
    *("description", "caption", "prediction", "filtered_resps", "resps", "response", "text"),
    *("output", "generated_text", "completion", "content"),
)
"""Description columns in order of preference."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_WHOLE: Final = re.compile(r"([+-]?\d{1,18})(?:[.,]0*)?")
_MISSING: Final = frozenset({"nan", "NaN", "NA", "<NA>", "NaT", "N/A", "#N/A", "None", "null", "NULL"})
"""What pandas, R and Excel write for a missing value; no description consists of it."""
MOST_CHARACTERS: Final = 4 << 20
"""Characters of a description: far more than any model reads, and little enough for the cache."""
_SHOWN: Final = 3
"""Maximum number of samples that an error lists."""


@dataclass(frozen=True)
class Coverage:
    """How well a table covers a benchmark."""

    samples: int
    """Requested samples."""
    missing: int
    """Requested samples without a description."""
    unknown: int
    """Rows that match no sample of the benchmark."""


class GivenTable:
    """A table of descriptions by key.

    Raises:
        DatasetError: the file cannot be read, lacks a column, or has two different descriptions for one key; names the
            row.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sha256 = file_digest(path)
        self.by: JoinKey = "index"
        self._texts: dict[str, str] = {}
        self._rows: dict[str, int] = {}
        """Row number of each text."""
        self._also: dict[str, str] = {}
        """Keys by the benchmark's way of writing the same number: `0` for `0.0`."""
        key_column = text_column = None
        for number, written in read_records(path, (*_KEYS, *_TEXTS)):
            row = batch_record(written) if is_batch_output(written) else written
            if key_column is None or text_column is None:
                key_column, text_column = self._columns(list(row))
                self.by = _KEYS[key_column]
            self._add(number, self._key(number, row, key_column), self._text(number, row, text_column))
        if key_column is None:
            raise DatasetError("has no rows", path=path)

    def __len__(self) -> int:
        return len(self._texts)

    def texts(self, sample: Sample) -> tuple[str, ...] | None:
        """Return a sample's description, or one per picture; None if any is missing."""
        found = [self._texts.get(self._also.get(key, key)) for key in self._keys_of(sample)]
        return None if None in found else tuple(text for text in found if text is not None)

    def check(self, benchmark: Benchmark, count: int, *, skip: bool) -> Coverage:
        """Check the table against the first `count` samples.

        Args:
            skip: tolerate missing descriptions and unknown rows instead of raising.

        Raises:
            DatasetError: a sample has no description, or a row matches no sample; names the row or the indexes.
        """
        unknown = self._unknown(benchmark)
        if unknown and not skip:
            key, row = unknown[0]
            more = f" (and {len(unknown) - 1:,} more such rows)" if len(unknown) > 1 else ""
            raise DatasetError(
                f"the benchmark {benchmark.name} has no sample with {self.by} {key!r}{more}; it has "
                f"{self._examples(benchmark)}. Is this the file of another benchmark? `--missing skip` ignores them",
                path=self.path, row=row,
            )  # fmt: skip
        missing = [sample.index for sample in benchmark.samples(range(count)) if self.texts(sample) is None]
        if missing and not skip:
            named = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
            raise DatasetError(
                f"{len(missing):,} of {count:,} samples of {benchmark.name} have no description here (index {named}); "
                "`--missing skip` runs the rest and counts these as failed",
                path=self.path,
            )
        return Coverage(count, len(missing), len(unknown))

    def _unknown(self, benchmark: Benchmark) -> list[tuple[str, int]]:
        """The rows that match no sample; those that do as numbers alone (`0.0` and `0`, `7` and `007`) are noted."""
        if self.by == "picture":  # a table of pictures may cover multiple benchmarks
            return []
        if self.by == "position":
            known = {str(position) for position in range(len(benchmark))}
        else:
            known = {sample.index for sample in benchmark}
        others, keys = _by_number(known), _by_number(self._rows)
        self._also = {others[number]: key for number, key in keys.items() if number in others and key not in known}
        matched = set(self._also.values())
        return [(key, row) for key, row in self._rows.items() if key not in known and key not in matched]

    def _examples(self, benchmark: Benchmark) -> str:
        """What a benchmark's keys look like, to compare with."""
        if self.by == "position":
            return f"position 0 to {len(benchmark) - 1}"
        first = [sample.index for sample in benchmark.samples(range(min(_SHOWN, len(benchmark))))]
        return f"index {', '.join(first)}{', ...' if len(benchmark) > _SHOWN else ''}"

    def _keys_of(self, sample: Sample) -> list[str]:
        if self.by == "picture":
            return [image.digest for image in sample.images]
        if self.by == "position":
            return [str(sample.position if sample.draw is None else sample.draw.position)]
        return [sample.index]

    def _columns(self, names: list[str]) -> tuple[str, str]:
        key = next((name for name in _KEYS if name in names), None)
        text = next((name for name in _TEXTS if name in names), None)
        if key is None or text is None:
            purpose, known = ("what a row describes", _KEYS) if key is None else ("the description", _TEXTS)
            near = next((one for name in known for one in similar(name, names, most=1, cutoff=CLOSE)), None)
            hint = f". Did you mean {near!r}? Rename it" if near else ""
            found = ", ".join(names) or "none"
            raise DatasetError(
                f"has no column for {purpose}: expected one of {', '.join(known)}; found {found}{hint}",
                path=self.path,
            )
        return key, text

    def _key(self, number: int, row: dict[str, Any], column: str) -> str:
        key = _plain(row.get(column))
        if not key:
            raise DatasetError("the cell is empty", path=self.path, row=number, column=column)
        if self.by == "picture" and not _DIGEST.fullmatch(key):
            raise DatasetError(
                f"{key[:80]!r} is not a picture digest (SHA-256 of its bytes, 64 hex digits); add an `index` column",
                path=self.path, row=number, column=column,
            )  # fmt: skip
        return key

    def _text(self, number: int, row: dict[str, Any], column: str) -> str:
        value = row.get(column)
        while isinstance(value, list) and len(value) == 1:  # lmms-eval's [text] and [[text]]
            value = value[0]
        if isinstance(value, (list, dict)):
            content = f"{len(value)} values" if isinstance(value, list) else "an object"
            raise DatasetError(f"holds {content} instead of one text", path=self.path, row=number, column=column)
        if isinstance(value, str) and len(value) > MOST_CHARACTERS:
            raise DatasetError(
                f"has {len(value):,} characters, which is no description (at most {MOST_CHARACTERS:,})",
                path=self.path, row=number, column=column,
            )  # fmt: skip
        text = _plain(value)
        return "" if text in _MISSING else text

    def _add(self, number: int, key: str, text: str) -> None:
        if not text:
            return  # counts as missing; `check` decides whether that is an error
        if (before := self._texts.get(key, text)) != text:
            raise DatasetError(
                f"contradicts row {self._rows[key]} for {self.by} {key!r} ({before[:40]!r}, {text[:40]!r})",
                path=self.path, row=number,
            )  # fmt: skip
        self._texts[key] = text
        self._rows.setdefault(key, number)


def _by_number(keys: Iterable[str]) -> dict[int, str]:
    """The keys that are whole numbers, however written, unless two are the same number."""
    found: dict[int, list[str]] = {}
    for key in keys:
        if (match := _WHOLE.fullmatch(key)) is not None:
            found.setdefault(int(match[1]), []).append(key)
    return {number: same[0] for number, same in found.items() if len(same) == 1}


def _plain(value: object) -> str:
    """Return a cell as text; a spreadsheet's 12.0 becomes 12."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
