"""A run's first pass over its samples: finishes those whose calls are all cached, and orders the others."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.engine.lookup import batches, looked_up
from prism_engine.engine.pipeline import NONE_GIVEN, call_labels, first_failure, recorded
from prism_engine.records import SampleResult, SampleStatus
from prism_engine.stage import ANSWERS, STAGE_OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prism_engine.cache import Store
    from prism_engine.engine.lookup import LookedUp, SampleLookup, Samples
    from prism_engine.engine.pipeline import Pipeline, Step
    from prism_engine.records import Completion, Score, StepRecord


class Order(NamedTuple):
    """Positions of samples with calls to make, grouped by the next of them. 8 bytes per sample."""

    described: array[int]
    """No description is left to make: these can be answered at once."""
    undescribed: array[int]

    @classmethod
    def empty(cls) -> Order:
        """Return an order without samples."""
        return cls(array("q"), array("q"))


def first_pass(
    benchmark: Samples, positions: Iterable[int], pipeline: Pipeline, store: Store, order: Order
) -> Iterator[list[SampleLookup]]:
    """Look every sample up once, and yield those that need no call, in batches (some of them empty).

    Args:
        order: the positions of all other samples are appended to it; those of a batch before it is yielded.

    Raises:
        StoreError: the store or the benchmark's index cannot be read.
    """
    for batch in batches(benchmark, positions):
        finished = []
        for lookup in looked_up(batch, pipeline, store, answers=True, placeholders=False):
            if lookup.is_complete:
                finished.append(lookup)
            else:
                (order.described if lookup.is_answerable else order.undescribed).append(lookup.sample.position)
        yield finished


_NO_CALLS: Iterator[LookedUp] = iter(())


def result_from_cache(lookup: SampleLookup, pipeline: Pipeline) -> SampleResult:
    """Return what `Pipeline.run` returns for a sample that needs no call."""
    so_far = _SoFar(lookup, pipeline)
    hints = lookup.hints
    so_far.record(lookup.calls.get("write", ()))
    if pipeline.needs_hints and hints is None:
        so_far.failure = f"instruction: {lookup.fell_back}"
    else:
        so_far.describe(lookup.calls.get("perceive", ()))
    remaining = {stage: iter(calls) for stage, calls in lookup.calls.items()}
    for step in pipeline.steps:
        if so_far.failure is None and (made := next(remaining.get(step.stage, _NO_CALLS), None)) is not None:
            so_far.take(step, made)
    status = SampleStatus.DONE if so_far.failure is None else SampleStatus.FAILED
    return SampleResult(
        lookup.sample, status, so_far.description, tuple(so_far.steps), so_far.score, so_far.failure,
        hints=hints, fell_back=lookup.fell_back,
    )  # fmt: skip


@dataclass(slots=True)
class _SoFar:
    """A sample's result so far."""

    lookup: SampleLookup
    pipeline: Pipeline
    steps: list[StepRecord] = field(default_factory=list)
    description: str | None = None
    score: Score | None = None
    failure: str | None = None

    def record(self, made: Sequence[LookedUp], number: int = 0) -> list[Completion]:
        """Add the steps of calls, and return their completions."""
        completions = [each.completion for each in made if each.completion is not None]
        calls = [each.call for each in made]
        self.steps += recorded(calls, completions, self.lookup.sample, self.pipeline.prices, number)
        return completions

    def describe(self, made: Sequence[LookedUp]) -> None:
        """Take the perception calls."""
        descriptions = self.record(made)
        if not all(each.usable for each in descriptions):
            self.failure = first_failure(descriptions, call_labels([each.call for each in made]))
        else:
            self.description = self.lookup.context.text(self.lookup.sample, [each.text for each in descriptions])
            if self.pipeline.needs_description and self.description is None:
                self.failure = NONE_GIVEN

    def take(self, step: Step, made: LookedUp) -> None:
        """Take the call of a further step."""
        (reply,) = self.record([made], step.round)
        self.failure = first_failure([reply], [STAGE_OF[step.stage].unit])
        if self.failure is None and step.stage in ANSWERS:
            self.score = self.pipeline.score(reply.text, self.lookup.sample)
        elif self.failure is None:
            self.description = reply.text
