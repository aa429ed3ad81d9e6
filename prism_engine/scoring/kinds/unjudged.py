"""Open questions without any comparison: replies are kept but not scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.records import AnswerKind, Score
from prism_engine.scoring.scorer import Scorer

if TYPE_CHECKING:
    from prism_engine.records import Sample


class Unjudged(Scorer):
    """Scorer that gives no reply a score."""

    kind = AnswerKind.OPEN
    needs_answer = False
    gives_scores = False

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - see `Scorer`
        del reply, sample
        return Score(value=None)
