"""CircularEval: a question is right only if it is right under every rotation of its options."""

from __future__ import annotations

import re
from collections import defaultdict
from math import prod
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from prism_engine.records import AnswerKind, SampleStatus
from prism_engine.scoring.flaws import Flaw
from prism_engine.scoring.grouping import Means
from prism_engine.scoring.kinds.multiple_choice import Choice
from prism_engine.scoring.scorer import REFUSAL, Metric, Unit, guess_is_right

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prism_engine.scoring.scorer import Scored

_ROTATION_STRIDE: Final = 1_000_000
"""Difference between the benchmark's indices of a question's successive rotations."""
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_UNIT: Final = "question with all rotations"
_STRICT: Final = "circular accuracy"
_RANDOM: Final = "circular accuracy, unanswered guessed"
_EXPECTED: Final = "circular accuracy, unanswered at chance"


class Rotations(NamedTuple):
    """One question's rotations, in the benchmark's order."""

    name: str
    """The index of the first rotation, or the benchmark's own `g_index`."""
    rows: list[Scored]

    @property
    def main(self) -> Scored | None:
        """The rotation that represents the question; None if the benchmark lacks it."""
        return next((row for row in self.rows if row.index == self.name), None)

    @property
    def missing(self) -> int:
        """Number of rotations without a prediction."""
        return sum(row.status is not SampleStatus.DONE for row in self.rows)


class Circular(Choice):
    """Scorer of multiple choice with rotated options.

    A question that lacks the prediction of a rotation is wrong (0) and stays in the denominator. VLMEvalKit's profiles
    consider only the rotations with a prediction, and drop a question whose first rotation has none.
    """

    kind = AnswerKind.CIRCULAR
    headline: ClassVar[str | None] = _STRICT
    rotated = True

    def group_of(self, row: Scored) -> str:
        """Return the question's name: its `g_index` if the benchmark has it, otherwise the index modulo 1,000,000."""
        return _name(row)

    @classmethod
    def row_flaws(cls, cells: Mapping[str, str], pictures: int | None) -> Iterator[Flaw]:  # noqa: D102 - see `Scorer`
        del pictures
        if not cells.get("g_index") and not _INTEGER.fullmatch(cells["index"]):
            yield Flaw("error", "index without a group", "index", "is not an integer, which identifies rotations")

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:  # noqa: D102 - see `Scorer`
        means = Means((_STRICT, _RANDOM, _EXPECTED), _UNIT)
        groups = rotations(rows)
        for group in groups:
            if (values := self._values(group)) is not None:
                means.add(group.main or group.rows[0], values)
        incomplete = sum(bool(group.missing) for group in groups)
        lacking = Metric("questions that lack a rotation", incomplete, len(groups), len(groups), unit=_UNIT)
        return (*means.metrics(), lacking)

    def units(self, rows: Iterable[Scored]) -> Iterator[Unit]:  # noqa: D102 - see `Scorer`
        for group in rotations(rows):
            if (values := self._values(group)) is not None:
                first = group.main or group.rows[0]
                members = (first, *(row for row in group.rows if row is not first))
                yield from (Unit(name, members, value) for name, value in values.items())

    def unsettled(self, rows: Iterable[Scored]) -> tuple[str, ...]:
        """Return the unread rows of the questions that are not already wrong because of another rotation.

        Ask the judge in this order, and call this again after each verdict: one wrong rotation settles its question.
        """
        indices = []
        for group in rotations(rows):
            counted = self._counted(group)
            if counted is None or (self.ours and group.missing) or any(_is_wrong(row) for row in counted):
                continue
            indices += [row.index for row in counted if row.extracted is None and row.score == 0.0]
        return tuple(indices)

    def _values(self, group: Rotations) -> dict[str, float] | None:
        """Return the question's value for each metric; None if it does not count."""
        counted = self._counted(group)
        return None if counted is None else _values(counted, lost=self.ours and bool(group.missing))

    def _counted(self, group: Rotations) -> list[Scored] | None:
        """Return the rotations that decide; None if the question does not count."""
        done = [row for row in group.rows if row.status is SampleStatus.DONE]
        if any(row.score is None for row in done):
            return None  # a test split without answers
        if not self.ours and (group.main is None or group.main not in done):
            return None
        return done


def rotations(rows: Iterable[Scored]) -> list[Rotations]:
    """Group rows by question: by `g_index` if the benchmark has it, otherwise by index modulo 1,000,000."""
    groups: defaultdict[str, list[Scored]] = defaultdict(list)
    for row in rows:
        groups[_name(row)].append(row)
    return [Rotations(name, members) for name, members in groups.items()]


def _name(row: Scored) -> str:
    if given := row.extra.get("g_index"):
        return given
    return str(int(row.index) % _ROTATION_STRIDE) if row.index.isascii() and row.index.isdigit() else row.index


def _is_wrong(row: Scored) -> bool:
    return row.score == 0.0 and row.extracted is not None


def _values(rows: list[Scored], *, lost: bool) -> dict[str, float]:
    if lost:
        return {_STRICT: 0.0, _RANDOM: 0.0, _EXPECTED: 0.0}
    return {
        _STRICT: prod(row.score or 0.0 for row in rows),
        _RANDOM: prod(_guessed(row) for row in rows),
        _EXPECTED: prod(_at_chance(row) for row in rows),
    }


def _is_unanswered(row: Scored) -> bool:
    return row.score == 0.0 and row.extracted in (None, REFUSAL)


def _guessed(row: Scored) -> float:
    return float(guess_is_right(row.index, row.options)) if _is_unanswered(row) and row.options else row.score or 0.0


def _at_chance(row: Scored) -> float:
    return 1 / row.options if _is_unanswered(row) and row.options else row.score or 0.0
