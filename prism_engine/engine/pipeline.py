"""One sample, straight line: describe, answer, score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prism_engine.errors import NotRunError, PrismError
from prism_engine.records import SampleResult, SampleStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.records import Completion, Sample, Score
    from prism_engine.stages.answering import Answering
    from prism_engine.stages.context import Context


NONE_GIVEN = "description: none is given for this sample"
"""Why a sample failed that a table of descriptions lacks."""


@dataclass(frozen=True)
class Pipeline:
    """What a run does to each of its samples."""

    context: Context
    """Describes the sample, or gives its description, or none."""
    answering: Answering | None
    """None describes only."""
    score: Callable[[str, Sample], Score]
    needs_description: bool = False
    """Whether a sample that has none fails, instead of being answered without one."""

    async def run(self, sample: Sample) -> SampleResult:
        """Take one sample all the way. Trouble is a value in the result, never an exception."""
        try:
            descriptions = await self.context.describe(sample)
        except PrismError as error:
            return _stopped("description", error, SampleResult(sample, SampleStatus.NOT_RUN))
        if failure := _first_failure("description", descriptions):
            return SampleResult(sample, SampleStatus.FAILED, descriptions=descriptions, failure=failure)
        description = self.context.text(sample, [completion.text for completion in descriptions])
        lacks = self.needs_description and description is None
        if self.answering is None or lacks:
            status = SampleStatus.FAILED if lacks else SampleStatus.DONE
            return SampleResult(sample, status, description, descriptions, failure=NONE_GIVEN if lacks else None)
        try:
            reply = await self.answering.answer(sample, description)
        except PrismError as error:
            return _stopped("answer", error, SampleResult(sample, SampleStatus.NOT_RUN, description, descriptions))
        if failure := _first_failure("answer", (reply,)):
            return SampleResult(sample, SampleStatus.FAILED, description, descriptions, reply, failure=failure)
        score = self.score(reply.text, sample)
        return SampleResult(sample, SampleStatus.DONE, description, descriptions, reply, score)


def _stopped(what: str, error: PrismError, so_far: SampleResult) -> SampleResult:
    trouble = None if isinstance(error, NotRunError) else error  # not run because the run is stopping already
    return replace(so_far, failure=f"{what}: {error}", trouble=trouble)


def _first_failure(what: str, completions: tuple[Completion, ...]) -> str | None:
    for number, completion in enumerate(completions, start=1):
        if completion.usable:
            continue
        place = f" of image {number}" if len(completions) > 1 else ""
        # What was cut without a text is reusable all the same: its row saves asking again.
        reason = completion.detail or (completion.finish_reason if not completion.outcome.reusable else "no text yet")
        return f"{what}{place}: {completion.outcome.value}" + (f": {reason}" if reason else "")
    return None
