"""A judge for groups of answers; asked only where a verdict could still change the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from prism_engine.records import Call, Outcome, Sampling, StepRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.budget import Price
    from prism_engine.judging.answered_rows import Answered
    from prism_engine.records import Completion, ModelIdentity, Sample, Score
    from prism_engine.scoring import Scorer
    from prism_engine.stages.cached import CachedModel

TEMPERATURE_STEP: Final = 0.5
"""Increase in temperature from one attempt to the next."""


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
    steps: tuple[StepRecord, ...] = ()
    """All reviews, in order."""


class AnswerJudge:
    """Asks a judge about answers.

    Args:
        max_tokens: output limit of a review, in tokens; None uses the default of the answer kind.
        price: the price by which rows state what a review costs; None if it is unknown, or if no provider is asked.
    """

    def __init__(
        self,
        scorer: Scorer,
        model: CachedModel,
        identity: ModelIdentity,
        *,
        max_tokens: int | None = None,
        price: Price | None = None,
    ) -> None:
        self._scorer = scorer
        self._model = model
        self._identity = identity
        self._max_tokens = max_tokens or scorer.judge_tokens
        self._price = price

    def call(self, sample: Sample, reply: str, attempt: int) -> Call:
        """Return the call of an attempt (0-based). The first is greedy; later ones are sampled with their own seeds."""
        sampling = Sampling(self._max_tokens, TEMPERATURE_STEP * attempt, seed=attempt or None)
        return Call("judge", self._identity, self._scorer.judge_messages(sample, reply), sampling)

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
        steps: list[StepRecord] = []
        responded = False
        attempts = self._scorer.judge_attempts
        for attempt in range(attempts):
            completion = await self._model.complete(self.call(row.sample, row.reply, attempt))
            cost = None if self._price is None else self._price.cost(completion.usage)
            steps.append(StepRecord("judge", self._identity.name, completion, attempt, cost=cost))
            if (failure := _failure(completion)) is not None:
                failures.append(failure)
                continue
            responded = True
            score = self._scorer.read_review(completion.text, row.sample)
            if score is not None:
                return Verdict(score, completion.text, attempt + 1, responded, tuple(failures), tuple(steps))
            failures.append(f"unreadable: {completion.text[:80]!r}")
        return Verdict(self._scorer.unread(row.sample), None, attempts, responded, tuple(failures), tuple(steps))


def _failure(completion: Completion) -> str | None:
    """Return why a completion is not a review, else None; an empty completion is a review and may be meaningful."""
    if completion.outcome.reusable or completion.outcome is Outcome.EMPTY:
        return None
    return completion.detail or completion.finish_reason or completion.outcome.value
