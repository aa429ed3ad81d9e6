"""CircularEval: a question counts as right only where it is right under every rotation of its options."""

from __future__ import annotations

from collections import defaultdict
from math import prod
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from prism_engine.records import AnswerKind, SampleStatus
from prism_engine.scoring.choice.choice import Choice
from prism_engine.scoring.grouping import Means
from prism_engine.scoring.scorer import REFUSAL, Metric, guess_is_right

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.scoring.scorer import Scored

_APART: Final = 1_000_000
"""Rotations of a question are so far apart in the benchmark's index."""
_STRICT: Final = "circular accuracy"
_RANDOM: Final = "circular accuracy, unanswered guessed"
_EXPECTED: Final = "circular accuracy, unanswered at chance"


class Rotations(NamedTuple):
    """One question under its rotations, in the benchmark's order."""

    name: str
    """The index of the first rotation, or the benchmark's own `g_index`."""
    rows: list[Scored]

    @property
    def main(self) -> Scored | None:
        """The rotation that stands for the question; None where the benchmark lacks it."""
        return next((row for row in self.rows if row.index == self.name), None)

    @property
    def missing(self) -> int:
        """Rotations without a prediction."""
        return sum(row.status is not SampleStatus.DONE for row in self.rows)


class Circular(Choice):
    """One option's letter under several rotations.

    A question that lacks the prediction of a rotation is lost (0) and stays in the denominator. VLMEvalKit's profiles
    look only at the rotations that are there, and drop a question whose first one is not.
    """

    kind = AnswerKind.CIRCULAR
    headline: ClassVar[str | None] = _STRICT

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:  # noqa: D102 - the contract says it
        means = Means((_STRICT, _RANDOM, _EXPECTED))
        groups = rotations(rows)
        for group in groups:
            counted = self._counted(group)
            if counted is not None:
                means.add(group.main or group.rows[0], _worth(counted, lost=self.ours and bool(group.missing)))
        incomplete = sum(bool(group.missing) for group in groups)
        return (*means.metrics(), Metric("questions that lack a rotation", incomplete, len(groups), len(groups)))

    def unsettled(self, rows: Iterable[Scored]) -> tuple[str, ...]:
        """Return the rows that could not be read, of the questions that are not lost for another rotation already.

        Ask the judge in this order, and again after each verdict: one wrong rotation settles its whole question.
        """
        found = []
        for group in rotations(rows):
            counted = self._counted(group)
            if counted is None or (self.ours and group.missing) or any(_is_wrong(row) for row in counted):
                continue
            found += [row.index for row in counted if row.extracted is None and row.score == 0.0]
        return tuple(found)

    def _counted(self, group: Rotations) -> list[Scored] | None:
        """Return the rotations that decide; None where the question is not counted."""
        done = [row for row in group.rows if row.status is SampleStatus.DONE]
        if any(row.score is None for row in done):
            return None  # a test split: nothing would be right
        if not self.ours and (group.main is None or group.main not in done):
            return None
        return done


def rotations(rows: Iterable[Scored]) -> list[Rotations]:
    """Gather each question's rotations, by `g_index` where the benchmark has it, else by index modulo 1,000,000."""
    groups: defaultdict[str, list[Scored]] = defaultdict(list)
    for row in rows:
        groups[_name(row)].append(row)
    return [Rotations(name, members) for name, members in groups.items()]


def _name(row: Scored) -> str:
    if given := row.extra.get("g_index"):
        return given
    return str(int(row.index) % _APART) if row.index.isascii() and row.index.isdigit() else row.index


def _is_wrong(row: Scored) -> bool:
    return row.score == 0.0 and row.extracted is not None


def _worth(rows: list[Scored], *, lost: bool) -> dict[str, float]:
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
