"""Open questions that nothing is compared with: replies are kept, and not scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.records import AnswerKind, Score
from prism_engine.scoring.scorer import Scorer

if TYPE_CHECKING:
    from prism_engine.records import Sample


class Unjudged(Scorer):
    """No score for any reply."""

    kind = AnswerKind.OPEN

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - the contract says it
        del reply, sample
        return Score(value=None)
