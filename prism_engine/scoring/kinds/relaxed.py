"""Relaxed accuracy: a number within 5 % of the right one, or else the same text (ChartQA)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prism_engine.records import AnswerKind, Score
from prism_engine.scoring.scorer import Scorer, right_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import Sample

TOLERANCE: Final = 0.05


class Relaxed(Scorer):
    """A short answer, or a number that is nearly right."""

    kind = AnswerKind.RELAXED

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - the contract says it
        if sample.answer is None:
            return Score(None)
        return Score(
            relaxed_accuracy(reply, right_answers(sample.answer), compatible=not self.ours), reply.strip() or None
        )


def relaxed_accuracy(reply: str, golds: Sequence[str], *, compatible: bool = False) -> float:
    """Return 1.0 where the reply is right by any gold, else 0.0.

    Args:
        compatible: compare with a gold 0 as text, as VLMEvalKit does, so that 0.0 is not 0.
    """
    said = reply.strip()
    return float(any(_is_right(said, gold, compatible=compatible) for gold in golds))


def _is_right(reply: str, gold: str, *, compatible: bool) -> bool:
    said, right = _number(reply), _number(gold)
    if said is None or right is None or (right == 0 and compatible):
        return reply.lower() == gold.lower()
    if right == 0:
        return said == 0
    return abs(said - right) / abs(right) <= TOLERANCE


def _number(text: str) -> float | None:
    """Read a number as Python does, `1e3` and `1_000` among them; a percent sign divides by a hundred."""
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
