"""The steps of one sample, top to bottom: instruct, describe, further steps, answer, score."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from prism_engine.errors import NotRunError, PrismError
from prism_engine.records import SampleResult, SampleStatus, StepRecord
from prism_engine.stage import ANSWERS, STAGE_OF

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prism_engine.budget import Price
    from prism_engine.records import Call, Completion, Sample, Score
    from prism_engine.stage import StageKey
    from prism_engine.stages.context import Context
    from prism_engine.stages.hint_sources import HintSource


NONE_GIVEN = "description: none is given for this sample"
"""The failure of a sample that is missing from the table of descriptions."""


class Step(Protocol):
    """What follows the description: one call about a sample and its text so far. A loop is one step per round."""

    @property
    def stage(self) -> StageKey: ...  # noqa: D102

    @property
    def round(self) -> int:
        """0-based number within its stage; 0 unless the stage has several steps."""
        ...

    def call(self, sample: Sample, description: str | None) -> Call | None:
        """Return the call; None if there is nothing to ask, which ends the stage: the text stays as it is."""
        ...

    async def complete(self, call: Call) -> Completion:
        """Return the completion of a call that `call` has returned.

        Raises:
            NotRunError, DeadError, StoreError: as `CachedModel.complete`.
        """
        ...


@dataclass(frozen=True)
class Pipeline:
    """What a run does to each of its samples."""

    context: Context
    """Describes the sample, supplies a given description, or supplies none."""
    steps: tuple[Step, ...]
    """What follows the description, in order. Each step's text replaces the description, except that the last one
    answers; empty if the run only describes."""
    score: Callable[[str, Sample], Score]
    hint_source: HintSource | None = None
    """Supplies per-question hints for the perceiver; None if all samples share one instruction."""
    needs_hints: bool = False
    """Whether a sample without hints fails; otherwise it continues with the shared instruction."""
    needs_description: bool = False
    """Whether a sample without a description fails; otherwise it is answered without one."""
    prices: Mapping[str, Price] = field(default_factory=dict)
    """What the models' calls cost, by name, to be stated in rows; without those whose price is unknown or that run
    here."""

    async def run(self, sample: Sample) -> SampleResult:
        """Process one sample. Prism's errors are stored in the result, never raised."""
        context, so_far = await self.instruct(sample)
        if so_far.failure is None:
            so_far = await self._described(context, so_far)
        if so_far.failure is None and self.needs_description and so_far.description is None:
            so_far = replace(so_far, status=SampleStatus.FAILED, failure=NONE_GIVEN)
        ended: set[StageKey] = set()
        for step in self.steps:
            if so_far.failure is not None or step.stage in ended:
                continue
            if (call := step.call(sample, so_far.description)) is None:
                ended.add(step.stage)
            else:
                so_far = await self._taken(step, call, so_far)
        return so_far if so_far.failure is not None else replace(so_far, status=SampleStatus.DONE)

    async def instruct(self, sample: Sample, *, ahead: bool = False) -> tuple[Context, SampleResult]:
        """Return the context with its instruction, and the result so far; a result with a failure ends the sample.

        Args:
            ahead: the call is made in advance; it is counted when the sample itself is processed.
        """
        so_far = SampleResult(sample, SampleStatus.NOT_RUN)
        if self.hint_source is None:
            return self.context, so_far
        try:
            written = await self.hint_source.write(sample, ahead=ahead)
        except PrismError as error:
            return self.context, _stopped("instruction", error, so_far)
        context, hints, fell_back = self.hint_source.instruct(sample, written)
        call = self.hint_source.call(sample)
        steps = () if written is None or call is None else recorded((call,), (written,), sample, self.prices)
        so_far = replace(so_far, steps=steps, hints=hints, fell_back=fell_back)
        if self.needs_hints and hints is None:
            so_far = replace(so_far, status=SampleStatus.FAILED, failure=f"instruction: {fell_back}")
        return context, so_far

    async def _taken(self, step: Step, call: Call, so_far: SampleResult) -> SampleResult:
        unit = STAGE_OF[step.stage].unit
        try:
            reply = await step.complete(call)
        except PrismError as error:
            return _stopped(unit, error, so_far)
        steps = so_far.steps + recorded((call,), (reply,), so_far.sample, self.prices, step.round)
        if failure := _first_failure((reply,), [unit]):
            return replace(so_far, steps=steps, status=SampleStatus.FAILED, failure=failure)
        if step.stage in ANSWERS:
            return replace(so_far, steps=steps, score=self.score(reply.text, so_far.sample))
        return replace(so_far, steps=steps, description=reply.text)

    async def _described(self, context: Context, so_far: SampleResult) -> SampleResult:
        try:
            made = await context.describe(so_far.sample)
        except PrismError as error:
            return _stopped("description", error, so_far)
        if not made:
            return replace(so_far, description=context.text(so_far.sample, ()))
        calls, descriptions = [each.call for each in made], [each.completion for each in made]
        steps = recorded(calls, descriptions, so_far.sample, self.prices)
        so_far = replace(so_far, steps=so_far.steps + steps)
        if failure := _first_failure(descriptions, _call_labels(calls)):
            return replace(so_far, status=SampleStatus.FAILED, failure=failure)
        return replace(so_far, description=context.text(so_far.sample, [each.text for each in descriptions]))


def recorded(
    calls: Sequence[Call],
    completions: Sequence[Completion],
    sample: Sample,
    prices: Mapping[str, Price] = MappingProxyType({}),
    number: int = 0,
) -> tuple[StepRecord, ...]:
    """Return the steps of calls about a sample, with their completions in the same order.

    Args:
        prices: what the models' calls cost, by name.
        number: the 0-based round of a stage that loops; 0 takes the number of the draw, if there is one.
    """
    return tuple(
        StepRecord(
            call.stage,
            call.model.name,
            completion,
            number or _draw(call.stage, sample),
            picture,
            _cost(call, completion, prices),
        )
        for call, completion, picture in zip(calls, completions, _pictures(calls, sample), strict=True)
    )


def _cost(call: Call, completion: Completion, prices: Mapping[str, Price]) -> int | None:
    price = prices.get(call.model.name)
    return None if price is None else price.cost(completion.usage)


def _draw(stage: StageKey, sample: Sample) -> int:
    if sample.draw is None:
        return 0
    return (sample.draw.answer if stage in ANSWERS else sample.draw.description if stage == "perceive" else None) or 0


def _pictures(calls: Sequence[Call], sample: Sample) -> list[int | None]:
    """Return the position of the picture that each call shows; None for a call that shows none or multiple.

    A picture that a sample has twice is shown by two calls to each model: in the order of the calls.
    """
    if not sample.images:
        return [None] * len(calls)
    digests = [image.digest for image in sample.images]
    shown: Counter[tuple[str, str]] = Counter()
    pictures: list[int | None] = []
    for call in calls:
        images = call.images
        if len(images) != 1 or (digest := images[0].digest) not in digests:
            pictures.append(None)
            continue
        positions = [position for position, each in enumerate(digests) if each == digest]
        pictures.append(positions[shown[call.model.name, digest] % len(positions)])
        shown[call.model.name, digest] += 1
    return pictures


def _stopped(what: str, error: PrismError, so_far: SampleResult) -> SampleResult:
    trouble = None if isinstance(error, NotRunError) else error  # NotRunError: the run is already stopping
    return replace(so_far, failure=f"{what}: {error}", trouble=trouble)


def _call_labels(calls: Sequence[Call]) -> list[str]:
    """Label each perception call with its picture and its perceiver, if there is more than one of them."""
    names = [call.model.name for call in calls]
    labels = []
    for index, name in enumerate(names):
        number = f" of image {names[: index + 1].count(name)}" if names.count(name) > 1 else ""
        labels.append(f"description{number}" + (f" by {name}" if len(set(names)) > 1 else ""))
    return labels


def _first_failure(completions: Sequence[Completion], labels: Sequence[str]) -> str | None:
    for label, completion in zip(labels, completions, strict=True):
        if completion.usable:
            continue
        # A completion that was cut off before any text is still reusable: its cache row saves repeating the call.
        reason = completion.detail or (completion.finish_reason if not completion.outcome.reusable else "no text yet")
        return f"{label}: {completion.outcome.value}" + (f": {reason}" if reason else "")
    return None
