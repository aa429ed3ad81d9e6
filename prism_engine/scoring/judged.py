"""Answer kinds that only a judge can score, and the scores of replies with recorded reviews."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from prism_engine.records import Message
from prism_engine.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.records import Sample, Score
    from prism_engine.scoring.scorer import Scored


class JudgedScorer(Scorer):
    """An answer kind with its own kind of review, without which most replies have no score."""

    @abstractmethod
    def unsettled(self, rows: Iterable[Scored]) -> tuple[str, ...]:
        """Return the indices of the done rows that a judge has not settled yet."""

    @abstractmethod
    def judge_messages(self, sample: Sample, reply: str) -> tuple[Message, ...]:
        """Return the judge's messages about one answer."""

    @abstractmethod
    def read_review(self, review: str, sample: Sample) -> Score | None:
        """Return the score that a judge's review gives an answer; None if it cannot be read, so the judge is retried.

        Never raises, for any review.
        """


def user_message(template: str, **parts: str) -> tuple[Message, ...]:
    """Return a judge's prompt: one message, the template with its fields filled in."""
    return (Message("user", (template.format(**parts),)),)


def score_with_review(scorer: Scorer, reply: str, sample: Sample, review: str | None) -> Score:
    """Score a reply by rules or, if they read no answer, by a judge's recorded review.

    Args:
        review: None if no judge was asked, or no review could be read.
    """
    score = scorer.score(reply, sample)
    if review is None or score.answer is not None:
        return score
    return scorer.read_review(review, sample) or scorer.unread(sample)
