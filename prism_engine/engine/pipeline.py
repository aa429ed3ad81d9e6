"""One sample, straight line: instruct, describe, answer, score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prism_engine.errors import NotRunError, PrismError
from prism_engine.records import SampleResult, SampleStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prism_engine.records import Call, Completion, Sample, Score
    from prism_engine.stages.answering import Answering
    from prism_engine.stages.context import Context
    from prism_engine.stages.hint_sources import HintSource


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
    hint_source: HintSource | None = None
    """Tells the perceiver what to observe for each sample; None where it is told the same for all."""
    needs_hints: bool = False
    """Whether a sample without contents has failed, instead of going on with the instruction for all."""
    needs_description: bool = False
    """Whether a sample that has none fails, instead of being answered without one."""

    async def run(self, sample: Sample) -> SampleResult:
        """Take one sample all the way. Trouble is a value in the result, never an exception."""
        context, so_far = await self.instruct(sample)
        if so_far.failure is None:
            so_far = await _described(context, so_far)
        if so_far.failure is None and self.needs_description and so_far.description is None:
            so_far = replace(so_far, status=SampleStatus.FAILED, failure=NONE_GIVEN)
        if so_far.failure is None and self.answering is not None:
            so_far = await self._answered(self.answering, so_far)
        return so_far if so_far.failure is not None else replace(so_far, status=SampleStatus.DONE)

    async def instruct(self, sample: Sample, *, ahead: bool = False) -> tuple[Context, SampleResult]:
        """Return who describes, told what to observe; a result with a failure goes no further.

        Args:
            ahead: the sample is taken up later, and counts only then.
        """
        so_far = SampleResult(sample, SampleStatus.NOT_RUN)
        if self.hint_source is None:
            return self.context, so_far
        try:
            written = await self.hint_source.write(sample, ahead=ahead)
        except PrismError as error:
            return self.context, _stopped("instruction", error, so_far)
        context, hints, fell_back = self.hint_source.tell(sample, written)
        so_far = replace(so_far, written=written, hints=hints, fell_back=fell_back)
        if self.needs_hints and hints is None:
            so_far = replace(so_far, status=SampleStatus.FAILED, failure=f"instruction: {fell_back}")
        return context, so_far

    async def _answered(self, answering: Answering, so_far: SampleResult) -> SampleResult:
        try:
            reply = await answering.answer(so_far.sample, so_far.description)
        except PrismError as error:
            return _stopped("answer", error, so_far)
        if failure := _first_failure((reply,), ["answer"]):
            return replace(so_far, reply=reply, status=SampleStatus.FAILED, failure=failure)
        return replace(so_far, reply=reply, score=self.score(reply.text, so_far.sample))


async def _described(context: Context, so_far: SampleResult) -> SampleResult:
    try:
        descriptions = await context.describe(so_far.sample)
    except PrismError as error:
        return _stopped("description", error, so_far)
    if failure := _first_failure(descriptions, _places(context.calls(so_far.sample))):
        return replace(so_far, descriptions=descriptions, status=SampleStatus.FAILED, failure=failure)
    text = context.text(so_far.sample, [each.text for each in descriptions])
    return replace(so_far, descriptions=descriptions, description=text)


def _stopped(what: str, error: PrismError, so_far: SampleResult) -> SampleResult:
    trouble = None if isinstance(error, NotRunError) else error  # not run because the run is stopping already
    return replace(so_far, failure=f"{what}: {error}", trouble=trouble)


def _places(calls: Sequence[Call]) -> list[str]:
    """Say of each perception call which picture it is about, and who describes, where there are several."""
    names = [call.model.name for call in calls]
    places = []
    for at, name in enumerate(names):
        number = f" of image {names[: at + 1].count(name)}" if names.count(name) > 1 else ""
        places.append(f"description{number}" + (f" by {name}" if len(set(names)) > 1 else ""))
    return places


def _first_failure(completions: Sequence[Completion], places: Sequence[str]) -> str | None:
    for place, completion in zip(places, completions, strict=True):
        if completion.usable:
            continue
        # What was cut without a text is reusable all the same: its row saves asking again.
        reason = completion.detail or (completion.finish_reason if not completion.outcome.reusable else "no text yet")
        return f"{place}: {completion.outcome.value}" + (f": {reason}" if reason else "")
    return None
