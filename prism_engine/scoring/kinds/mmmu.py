"""MMMU: multiple choice mixed with open questions.

VLMEvalKit's profiles treat an open question as a choice between its right answer (A) and "Other Answers" (B), so any
reply that contains the right answer as a substring is right. prism's own profile reads the short answer and compares it
as a number or as words. The share of right open answers is reported separately from that of multiple choice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from prism_engine.records import AnswerKind, Option, Score
from prism_engine.scoring.choice.choice import PROFILES, Choice, score_choice
from prism_engine.scoring.grouping import Means
from prism_engine.scoring.kinds.short_answer import matches, read_short_answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.records import Sample
    from prism_engine.scoring.scorer import Metric, Scored

_OTHER: Final = "Other Answers"
_CLOSED: Final = "multiple choice"
_OPEN: Final = "open questions"


class Mmmu(Choice):
    """Scorer of one option's letter, or of a short answer if there are no options."""

    kind = AnswerKind.MMMU

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - see `Scorer`
        if sample.options:
            return super().score(reply, sample)
        if not self.ours:
            made_closed = replace(sample, options=(Option("A", sample.answer or ""), Option("B", _OTHER)), answer="A")
            return score_choice(reply, made_closed, PROFILES[self.profile])
        answer = read_short_answer(reply)
        if sample.answer is None:
            return Score(value=None, answer=answer)
        return Score(value=float(matches(answer, sample.answer)), answer=answer)

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:  # noqa: D102
        means = Means((_CLOSED, _OPEN))
        for row in rows:
            if row.score is not None:
                means.add(row, {_CLOSED if row.options else _OPEN: row.score})
        return tuple(means.metrics())
