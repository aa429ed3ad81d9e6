"""A judge for groups of answers; asked only where a verdict could still change the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from prism_engine.judging.judge_prompts import review_messages
from prism_engine.records import AnswerKind, Call, Outcome, Sampling, Score
from prism_engine.scoring.judged import read_review, unread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.judging.answered_rows import Answered
    from prism_engine.records import Completion, ModelIdentity, Sample
    from prism_engine.scoring import Scorer
    from prism_engine.stages.cached import CachedModel

TEMPERATURE_STEP: Final = 0.5
"""Increase in temperature from one attempt to the next."""
_CHOICE_ATTEMPTS: Final = 3
_ATTEMPTS: Final = {
    AnswerKind.YES_NO: 5,
    AnswerKind.MME: 5,
    AnswerKind.POPE: 5,
    AnswerKind.HALLUSION: 5,
    AnswerKind.MATHVISTA: 5,
    AnswerKind.MMVET: 5,
    AnswerKind.LLAVABENCH: 3,
}
"""Maximum number of attempts per answer; as in VLMEvalKit, except LLaVABench, where VLMEvalKit asks only once."""
_MAX_TOKENS: Final = {AnswerKind.MATHVISTA: 128, AnswerKind.MMVET: 2048, AnswerKind.LLAVABENCH: 2048}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judge's verdict on one answer."""

    score: Score
    """Its `value` is None if no review could be read."""
    review: str | None
    """The review from which the score was read; None if none could be read."""
    asked: int
    """Number of reviews requested."""
    responded: bool
    """Whether the judge replied at all, readably or not."""
    failures: tuple[str, ...] = ()
    """Reasons why reviews could not be used, in order."""


class AnswerJudge:
    """Asks a judge about answers.

    Args:
        max_tokens: output limit of a review, in tokens; None uses the default of the answer kind.
    """

    def __init__(
        self, scorer: Scorer, model: CachedModel, identity: ModelIdentity, *, max_tokens: int | None = None
    ) -> None:
        self._scorer = scorer
        self._model = model
        self._identity = identity
        self._max_tokens = max_tokens or _MAX_TOKENS.get(scorer.kind, 512)
        self._attempts = _ATTEMPTS.get(scorer.kind, _CHOICE_ATTEMPTS)

    def call(self, sample: Sample, reply: str, attempt: int) -> Call:
        """Return the call of an attempt (0-based). The first is greedy; later ones are sampled with their own seeds."""
        sampling = Sampling(self._max_tokens, TEMPERATURE_STEP * attempt, seed=attempt or None)
        return Call("judge", self._identity, review_messages(self._scorer.kind, sample, reply), sampling)

    @property
    def model(self) -> CachedModel:
        """The model behind the cache."""
        return self._model

    async def judge_group(self, group: Sequence[Answered]) -> dict[str, Verdict]:
        """Judge the answers of one group in order, as long as a verdict could still change the group's result.

        Returns:
            Verdicts by index, for the answers that were judged. A group of rotations ends at the first answer that is
            wrong or cannot be read, since the group can no longer be correct.

        Raises:
            NotRunError, DeadError, BudgetError, StoreError: as `CachedModel.complete`.
        """
        rows = {row.sample.index: row for row in group}
        folded = {index: row.scored for index, row in rows.items()}
        verdicts: dict[str, Verdict] = {}
        while remaining := [index for index in self._scorer.unsettled(folded.values()) if index not in verdicts]:
            row = rows[remaining[0]]
            verdict = verdicts[row.sample.index] = await self._ask(row)
            if verdict.review is None:
                break
            folded[row.sample.index] = replace(row.scored, score=verdict.score.value, extracted=verdict.score.answer)
        return verdicts

    async def _ask(self, row: Answered) -> Verdict:
        failures: list[str] = []
        responded = False
        for attempt in range(self._attempts):
            completion = await self._model.complete(self.call(row.sample, row.reply, attempt))
            if (failure := _failure(completion)) is not None:
                failures.append(failure)
                continue
            responded = True
            score = read_review(self._scorer, completion.text, row.sample)
            if score is not None:
                return Verdict(score, completion.text, attempt + 1, responded, tuple(failures))
            failures.append(f"unreadable: {completion.text[:80]!r}")
        return Verdict(unread(self._scorer, row.sample), None, self._attempts, responded, tuple(failures))


def _failure(completion: Completion) -> str | None:
    """Return why a completion is not a review, else None; an empty completion is a review and may be meaningful."""
    if completion.outcome.reusable or completion.outcome is Outcome.EMPTY:
        return None
    return completion.detail or completion.finish_reason or completion.outcome.value
