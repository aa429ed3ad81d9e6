"""A judge that grades rows by a rubric: draws one or more grades per row and retries unreadable ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from prism_engine.config.judging import Template
from prism_engine.engine.scheduler import MAX_ROUNDS, nothing_answered, run_all, stop_if_failing
from prism_engine.judging.rubric import grading_messages, read_grade
from prism_engine.records import Call, Sampling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.engine.progress import Progress
    from prism_engine.engine.scheduler import Stop
    from prism_engine.judging.rubric import Grade, RubricRow
    from prism_engine.records import ModelIdentity
    from prism_engine.stages.cached import CachedModel

RETRIES: Final = 2
"""How often a grade that cannot be read is drawn again."""
_SEED_STRIDE: Final = 1_000
"""Distance between the seeds of a sample's attempts, so that they do not collide with those of other samples."""


@dataclass(frozen=True, slots=True)
class GradedRow:
    """A row with its grades."""

    row: RubricRow
    samples: tuple[Grade | None, ...]
    """The grades drawn; None if no attempt could be read. No grade is substituted for it."""
    asked: int
    """Number of judge calls requested."""
    responded: bool
    """Whether the judge replied at all, readably or not."""
    failures: tuple[str, ...]
    """Reasons why replies could not be used, in order."""

    @property
    def grades(self) -> list[int]:
        """The grades that could be read."""
        return [sample.grade for sample in self.samples if sample is not None]

    @property
    def mean(self) -> float | None:
        """The mean grade; None if no sample could be read."""
        return sum(self.grades) / len(self.grades) if self.grades else None

    @property
    def mode(self) -> int | None:
        """The most frequent grade; the lowest one in case of a tie."""
        counts = Counter(sorted(self.grades))
        return counts.most_common(1)[0][0] if counts else None

    @property
    def spread(self) -> int | None:
        """The highest grade minus the lowest."""
        return max(self.grades) - min(self.grades) if self.grades else None

    def as_json(self) -> dict[str, Any]:
        """Return the row for a grades file."""
        return {
            "id": self.row.id,
            "image": None if self.row.image is None else self.row.image.digest,
            "score": self.mean,
            "mode": self.mode,
            "spread": self.spread,
            "grades": [None if sample is None else sample.grade for sample in self.samples],
            "feedback": [None if sample is None else sample.feedback for sample in self.samples],
            "response_characters": len(self.row.response),
            "asked": self.asked,
            "failures": list(self.failures),
        }


@dataclass(frozen=True, slots=True)
class Grader:
    """A judge with its sampling and prompt template."""

    model: CachedModel
    identity: ModelIdentity
    sampling: Sampling
    """Used for every attempt, with a different seed each."""
    samples: int = 1
    """Number of grades drawn per row."""
    template: Template = Template.DATA

    def call(self, row: RubricRow, sample: int, attempt: int) -> Call:
        """Return the call of an attempt at a sample; both numbers are 0-based."""
        seed = 1 + sample + _SEED_STRIDE * attempt
        sampling = replace(self.sampling, seed=seed)
        if sampling.greedy:  # deterministic: a seed would not change the reply
            sampling = replace(sampling, seed=None)
        return Call("judge", self.identity, grading_messages(row, self.template), sampling)

    async def grade(self, row: RubricRow) -> GradedRow:
        """Grade one row.

        Raises:
            NotRunError, DeadError, BudgetError, StoreError: as `CachedModel.complete`.
        """
        samples: list[Grade | None] = []
        failures: list[str] = []
        asked, responded = 0, False
        for sample in range(self.samples):
            grade = None
            for attempt in range(1 if self.sampling.greedy else 1 + RETRIES):
                completion = await self.model.complete(self.call(row, sample, attempt))
                asked += 1
                if not completion.usable:
                    failures.append(completion.detail or completion.finish_reason or completion.outcome.value)
                    continue
                responded = True
                if (grade := read_grade(completion.text)) is not None:
                    break
                failures.append(f"unreadable: ...{completion.text[-80:]!r}")
            samples.append(grade)
        return GradedRow(row, tuple(samples), asked, responded, tuple(failures))


async def grade_all(
    rows: Sequence[RubricRow],
    grader: Grader,
    *,
    width: int,
    progress: Progress,
    stop: Stop,
    max_failures: int | None = None,
) -> list[GradedRow]:
    """Grade all rows, at most `width` at once, and return them in their order.

    Rows whose calls failed are taken up again after all others. An error that affects every row requests the stop.

    Args:
        max_failures: how many rows may stay without a grade; one more requests the stop. None continues.
    """
    graded: dict[int, GradedRow] = {}

    async def grade(position: int) -> None:
        result = await grader.grade(rows[position])
        if (earlier := graded.get(position)) is not None:
            _count(progress, earlier, -1)
        graded[position] = result
        _count(progress, result)
        stop_if_failing(progress.failed, progress.total, max_failures, "rows", stop)

    await run_all(range(len(rows)), grade, width=width, stop=stop)
    for _ in range(1, MAX_ROUNDS):
        # Calls that failed are made again after all others: the problem may be gone. Unreadable replies are final.
        failed = [position for position, row in sorted(graded.items()) if not row.responded]
        if stop.requested or not failed or len(failed) == len(graded):
            break
        grader.model.forget_failures()
        await run_all(failed, grade, width=width, stop=stop)
    if not stop.requested and graded and not any(row.responded for row in graded.values()):
        stop.request(nothing_answered(graded[0].failures[-1]))
    return [graded[position] for position in sorted(graded)]


def _count(progress: Progress, row: GradedRow, by: int = 1) -> None:
    if row.mean is None:
        progress.failed += by
    else:
        progress.done += by
