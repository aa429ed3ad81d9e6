"""Open questions without any comparison."""

from __future__ import annotations

from prism_engine.records import AnswerKind, Sample, Score
from prism_engine.scoring import scorer_of


def test_no_reply_is_scored():
    sample = Sample(position=0, index="0", images=(), question="Why?", answer="because")
    assert scorer_of(AnswerKind.OPEN, "prism").score("because", sample) == Score(None)
