"""A judge at work on groups of answers: asked only what could still change the result, and until it can be read."""

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

STEP: Final = 0.5
"""How much the temperature rises from one attempt to the next."""
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
"""How often a judge is asked at most about one answer; as in VLMEvalKit, but for LLaVABench, where it asks once."""
_MOST_TOKENS: Final = {AnswerKind.MATHVISTA: 128, AnswerKind.MMVET: 2048, AnswerKind.LLAVABENCH: 2048}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one answer."""

    score: Score
    """`value` None where no review could be read."""
    review: str | None
    """The judge's text that was read; None where there was none."""
    asked: int
    """Reviews that were asked for."""
    heard: bool
    """Whether the judge answered at all, readably or not."""
    failures: tuple[str, ...] = ()
    """Why reviews could not be used, in order."""


class AnswerJudge:
    """Puts answers to a judge.

    Args:
        max_tokens: output limit of a review; None takes what the answer kind needs.
    """

    def __init__(
        self, scorer: Scorer, model: CachedModel, identity: ModelIdentity, *, max_tokens: int | None = None
    ) -> None:
        self._scorer = scorer
        self._model = model
        self._identity = identity
        self._most_tokens = max_tokens or _MOST_TOKENS.get(scorer.kind, 512)
        self._attempts = _ATTEMPTS.get(scorer.kind, _CHOICE_ATTEMPTS)

    def call(self, sample: Sample, reply: str, attempt: int) -> Call:
        """Return the call of an attempt (0-based). The first is greedy; later ones are drawn, each by its own seed."""
        sampling = Sampling(self._most_tokens, STEP * attempt, seed=attempt or None)
        return Call("judge", self._identity, review_messages(self._scorer.kind, sample, reply), sampling)

    async def settle(self, group: Sequence[Answered]) -> dict[str, Verdict]:
        """Judge one group of answers in order, as long as a verdict could still change its result.

        Returns:
            Verdicts by index, of those that were asked about. A group of rotations ends at the first one that is
            wrong, and at the first one that cannot be read, since nothing makes it right any more.

        Raises:
            NotRunError, DeadError, BudgetError, StoreError: as `CachedModel.complete`.
        """
        rows = {row.sample.index: row for row in group}
        folded = {index: row.scored for index, row in rows.items()}
        verdicts: dict[str, Verdict] = {}
        while remaining := [one for one in self._scorer.unsettled(folded.values()) if one not in verdicts]:
            row = rows[remaining[0]]
            verdict = verdicts[row.sample.index] = await self._ask(row)
            if verdict.review is None:
                break
            folded[row.sample.index] = replace(row.scored, score=verdict.score.value, extracted=verdict.score.answer)
        return verdicts

    async def _ask(self, row: Answered) -> Verdict:
        failures: list[str] = []
        heard = False
        for attempt in range(self._attempts):
            completion = await self._model.complete(self.call(row.sample, row.reply, attempt))
            if (failure := _failure(completion)) is not None:
                failures.append(failure)
                continue
            heard = True
            score = read_review(self._scorer, completion.text, row.sample)
            if score is not None:
                return Verdict(score, completion.text, attempt + 1, heard, tuple(failures))
            failures.append(f"unreadable: {completion.text[:80]!r}")
        return Verdict(unread(self._scorer, row.sample), None, self._attempts, heard, tuple(failures))


def _failure(completion: Completion) -> str | None:
    """Return why a completion is no review; an empty one is a review, which may mean something."""
    if completion.outcome.reusable or completion.outcome is Outcome.EMPTY:
        return None
    return completion.detail or completion.finish_reason or completion.outcome.value
