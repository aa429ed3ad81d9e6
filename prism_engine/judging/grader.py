"""A judge that grades rows by a rubric: several samples of each, each asked for again where it cannot be read."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from prism_engine.config.judging import Template
from prism_engine.errors import DeadError, PrismError
from prism_engine.judging.rubric import grading_messages, read_grade
from prism_engine.records import Call, Sampling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.engine.progress import Progress
    from prism_engine.engine.scheduler import Stop
    from prism_engine.judging.rubric import Grade, RubricRow
    from prism_engine.records import ModelIdentity
    from prism_engine.stages.cached import CachedModel

AGAIN: Final = 2
"""How often a sample that cannot be read is drawn anew."""
_APART: Final = 1_000
"""Seeds between a sample and its next attempt, so that more samples never share one."""


@dataclass(frozen=True, slots=True)
class GradedRow:
    """What a row's samples came to."""

    row: RubricRow
    samples: tuple[Grade | None, ...]
    """None where no attempt could be read: not scored, and no grade is put in its place."""
    asked: int
    heard: bool
    """Whether the judge answered at all, readably or not."""
    failures: tuple[str, ...]

    @property
    def grades(self) -> list[int]:
        """The grades that could be read."""
        return [sample.grade for sample in self.samples if sample is not None]

    @property
    def mean(self) -> float | None:
        """None where no sample could be read."""
        return sum(self.grades) / len(self.grades) if self.grades else None

    @property
    def mode(self) -> int | None:
        """The commonest grade; of several the lowest."""
        counts = Counter(sorted(self.grades))
        return counts.most_common(1)[0][0] if counts else None

    @property
    def spread(self) -> int | None:
        """The highest grade minus the lowest."""
        return max(self.grades) - min(self.grades) if self.grades else None

    def as_json(self) -> dict[str, Any]:
        """Return the line of a grades file."""
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
    """A judge and how it is asked."""

    model: CachedModel
    identity: ModelIdentity
    sampling: Sampling
    """Of every attempt, but for its seed."""
    samples: int = 1
    template: Template = Template.DATA

    def call(self, row: RubricRow, sample: int, attempt: int) -> Call:
        """Return the call of a sample's attempt, both 0-based."""
        seed = 1 + sample + _APART * attempt
        sampling = replace(self.sampling, seed=seed)
        if sampling.greedy:  # drawn again it would say the same
            sampling = replace(sampling, seed=None)
        return Call("judge", self.identity, grading_messages(row, self.template), sampling)

    async def grade(self, row: RubricRow) -> GradedRow:
        """Grade one row.

        Raises:
            NotRunError, DeadError, BudgetError, StoreError: as `CachedModel.complete`.
        """
        samples: list[Grade | None] = []
        failures: list[str] = []
        asked, heard = 0, False
        for sample in range(self.samples):
            found = None
            for attempt in range(1 if self.sampling.greedy else 1 + AGAIN):
                completion = await self.model.complete(self.call(row, sample, attempt))
                asked += 1
                if not completion.usable:
                    failures.append(completion.detail or completion.finish_reason or completion.outcome.value)
                    continue
                heard = True
                if (found := read_grade(completion.text)) is not None:
                    break
                failures.append(f"unreadable: ...{completion.text[-80:]!r}")
            samples.append(found)
        return GradedRow(row, tuple(samples), asked, heard, tuple(failures))


async def grade_all(
    rows: Sequence[RubricRow], grader: Grader, *, width: int, progress: Progress, stop: Stop
) -> list[GradedRow]:
    """Grade all rows, `width` of them at once; in their order. Trouble that concerns every row requests the stop."""
    graded: dict[int, GradedRow] = {}
    waiting = iter(enumerate(rows))

    async def work() -> None:
        while not stop.requested and (taken := next(waiting, None)) is not None:
            place, row = taken
            try:
                graded[place] = await grader.grade(row)
            except PrismError as error:  # NotRunError among them: it stops already, or there is no judge to ask
                stop.request(error)
                return
            if graded[place].mean is None:
                progress.failed += 1
            else:
                progress.done += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in islice(rows, width):
            tasks.create_task(work())
    if not stop.requested and graded and not any(row.heard for row in graded.values()):
        stop.request(DeadError(f"the judge has answered nothing at all: {graded[0].failures[-1]}"))
    return [graded[place] for place in sorted(graded)]
