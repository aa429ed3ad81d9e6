"""Scores from judges' reviews, which are read as strictly as replies and never guessed."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Final

from prism_engine.records import AnswerKind, Option, Score
from prism_engine.scoring.choice.choice import PROFILES, match_option
from prism_engine.scoring.scorer import REFUSAL, Scorer

if TYPE_CHECKING:
    from prism_engine.records import Sample

UNKNOWN: Final = "unknown"
"""The judge's word for an answer that means neither yes nor no."""
_YES_NO: Final = frozenset({AnswerKind.YES_NO, AnswerKind.MME, AnswerKind.POPE, AnswerKind.HALLUSION})
OTHER: Final = "Other Answers"
"""The option that stands for every wrong answer when an open question is put to a judge as multiple choice."""


class JudgedScorer(Scorer):
    """A scorer of an answer kind with its own kind of review."""

    @abstractmethod
    def judged(self, review: str, sample: Sample) -> Score | None:
        """Return the score that a judge's review gives an answer; None if it cannot be read, so the judge is retried.

        Never raises, for any review.
        """

    def unread(self, sample: Sample) -> Score:
        """Return the score of an answer without a readable review: no score, rather than a wrong answer."""
        del sample
        return Score(None)


def read_review(scorer: Scorer, review: str, sample: Sample) -> Score | None:
    """Return the score that a review gives a sample's answer; None if it cannot be read.

    If a judge only says which option (or yes or no) an answer means, its review is read by the answer kind's own rules.
    """
    if isinstance(scorer, JudgedScorer):
        return scorer.judged(review, sample)
    if scorer.kind is AnswerKind.MMMU and not sample.options:
        letter = match_option(review, options_of(sample), PROFILES[scorer.profile])
        return None if letter is None else Score(float(letter == "A"), letter)
    if scorer.kind in _YES_NO and review.strip().strip(".*").lower() == UNKNOWN:
        return Score(0.0, REFUSAL)
    score = scorer.score(review, sample)
    return None if score.answer is None else score


def score_with_review(scorer: Scorer, reply: str, sample: Sample, review: str | None) -> Score:
    """Score a reply by rules or, if they read no answer, by a judge's recorded review.

    Args:
        review: None if no judge was asked, or no review could be read.
    """
    score = scorer.score(reply, sample)
    if review is None or score.answer is not None:
        return score
    return read_review(scorer, review, sample) or unread(scorer, sample)


def unread(scorer: Scorer, sample: Sample) -> Score:
    """Return the score of an answer without a readable review."""
    return scorer.unread(sample) if isinstance(scorer, JudgedScorer) else Score(None)


def options_of(sample: Sample) -> tuple[Option, ...]:
    """Return a question's options; as in VLMEvalKit, an open question has its right answer and "Other Answers"."""
    return sample.options or (Option("A", sample.answer or ""), Option("B", OTHER))
