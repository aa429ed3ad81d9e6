"""Exact answers: the same text, apart from case and surrounding whitespace (OCRVQA, GQA)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.records import AnswerKind, Score
from prism_engine.scoring.open_answers.comparing import score_short
from prism_engine.scoring.scorer import WORD_OR_PHRASE, Scorer, right_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import Sample


class Exact(Scorer):
    """Scorer of short answers by equality, ignoring case."""

    kind = AnswerKind.EXACT
    request = WORD_OR_PHRASE

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - see `Scorer`
        if sample.answer is None:
            return Score(None)
        if self.version >= 2:
            return Score(*score_short(reply, right_answers(sample.answer), exact))
        return Score(exact(reply, right_answers(sample.answer)), reply.strip() or None)


def exact(reply: str, golds: Sequence[str]) -> float:
    """Return 1.0 if the reply equals any gold, else 0.0."""
    answer = reply.strip().lower()
    return float(any(gold.strip().lower() == answer for gold in golds))
