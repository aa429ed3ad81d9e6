"""Relaxed accuracy: a number within 5 % of the right one, or the same text (ChartQA)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prism_engine.records import AnswerKind, Score
from prism_engine.scoring.open_answers.comparing import same_number, score_short
from prism_engine.scoring.open_answers.quantities import quantity_of
from prism_engine.scoring.scorer import WORD_OR_PHRASE, Scorer, right_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import Sample
    from prism_engine.scoring.open_answers.quantities import Quantity

TOLERANCE: Final = 0.05


class Relaxed(Scorer):
    """Scorer of short answers and of numbers that may be slightly off."""

    kind = AnswerKind.RELAXED
    request = WORD_OR_PHRASE

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - see `Scorer`
        if sample.answer is None:
            return Score(None)
        if self.version >= 2:
            return Score(*score_short(reply, right_answers(sample.answer), _relaxed_as_written))
        return Score(
            relaxed_accuracy(reply, right_answers(sample.answer), compatible=not self.ours), reply.strip() or None
        )


def relaxed_accuracy(reply: str, golds: Sequence[str], *, compatible: bool = False) -> float:
    """Return 1.0 if the reply matches any gold, else 0.0.

    Args:
        compatible: compare with a gold of 0 as text, as VLMEvalKit does, so that 0.0 does not match 0.
    """
    answer = reply.strip()
    return float(any(_is_right(answer, gold, compatible=compatible) for gold in golds))


def _relaxed_as_written(reply: str, golds: Sequence[str]) -> float:
    """Return 1.0 if the answer matches any gold by the published rule, or as numbers however they are written."""
    if relaxed_accuracy(reply, golds):
        return 1.0
    answer = quantity_of(reply.strip())
    numbers = [number for gold in golds if (number := quantity_of(gold)) is not None]
    return float(answer is not None and any(_same_quantity(answer, number) for number in numbers))


def _same_quantity(answer: Quantity, gold: Quantity) -> bool:
    return (not gold.unit or not answer.unit or gold.unit == answer.unit) and same_number(answer, gold, TOLERANCE)


def _is_right(reply: str, gold: str, *, compatible: bool) -> bool:
    answer, right = _number(reply), _number(gold)
    if answer is None or right is None or (right == 0 and compatible):
        return reply.lower() == gold.lower()
    if right == 0:
        return answer == 0
    return abs(answer - right) / abs(right) <= TOLERANCE


def _number(text: str) -> float | None:
    """Read a number as Python does, including `1e3` and `1_000`; a percent sign divides by 100."""
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
