"""What a judge's review makes of an answer: read as strictly as replies are, and never guessed."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Final

from prism_engine.records import AnswerKind, Option, Score
from prism_engine.scoring.choice.choice import PROFILES, match_option
from prism_engine.scoring.scorer import REFUSAL, Scorer

if TYPE_CHECKING:
    from prism_engine.records import Sample

UNKNOWN: Final = "unknown"
"""What a judge calls an answer that means neither yes nor no."""
_YES_NO: Final = frozenset({AnswerKind.YES_NO, AnswerKind.MME, AnswerKind.POPE, AnswerKind.HALLUSION})
OTHER: Final = "Other Answers"
"""What stands for every wrong answer where an open question is put to a judge as one with options."""


class JudgedScorer(Scorer):
    """Scores an answer kind that has its own way of being judged."""

    @abstractmethod
    def judged(self, review: str, sample: Sample) -> Score | None:
        """Return what a judge's review makes of an answer; None where it cannot be read, to ask again.

        Raises nothing, whatever the review is.
        """

    def unread(self, sample: Sample) -> Score:
        """Return what becomes of an answer of which no review could be read: no score, and not a wrong answer."""
        del sample
        return Score(None)


def read_review(scorer: Scorer, review: str, sample: Sample) -> Score | None:
    """Return what a review makes of a sample's answer; None where it cannot be read.

    Where a judge only says which option (or yes or no) an answer means, its review is read by the answer's own rules.
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
    """Score a reply by rules, and where they read nothing by the review that a judge once gave.

    Args:
        review: None where no judge was asked, or none could be read.
    """
    score = scorer.score(reply, sample)
    if review is None or score.answer is not None:
        return score
    return read_review(scorer, review, sample) or unread(scorer, sample)


def unread(scorer: Scorer, sample: Sample) -> Score:
    """Return what becomes of an answer of which no review could be read."""
    return scorer.unread(sample) if isinstance(scorer, JudgedScorer) else Score(None)


def options_of(sample: Sample) -> tuple[Option, ...]:
    """Return a question's options; those of an open one are its right answer and all others, as VLMEvalKit puts it."""
    return sample.options or (Option("A", sample.answer or ""), Option("B", OTHER))
