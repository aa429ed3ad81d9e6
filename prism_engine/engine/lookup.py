"""Batched cache look-up of the calls that samples need; makes no call."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from prism_engine.cache import call_key

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Iterator, Sequence

    from prism_engine.cache import Store
    from prism_engine.engine.pipeline import Pipeline
    from prism_engine.records import Call, Completion, Sample
    from prism_engine.stages.context import Context

_BATCH = 512
"""Samples per look-up; bounds memory, and is large enough to make SQLite's overhead small."""


class Samples(Protocol):
    """A benchmark as the engine sees it: random access to samples by position, without holding all in memory."""

    def __len__(self) -> int: ...

    def samples(self, positions: Iterable[int]) -> Iterator[Sample]:
        """Yield the samples at the given positions, in the order given."""
        ...

    def order(self, count: int) -> array[int]:
        """Return the first `count` positions in visiting order."""
        ...


class LookedUp(NamedTuple):
    """A call with its key and its cached completion, if any; a model that does not state its identity has none."""

    key: str
    completion: Completion | None
    call: Call


class SampleLookup(NamedTuple):
    """What is known about a sample before any call is made."""

    sample: Sample
    context: Context
    writing: list[LookedUp]
    """The hint writer's call; empty if there is none."""
    describing: list[LookedUp]
    """The perception calls; empty while they are unknown because the hints are not written yet."""
    likely: tuple[Call, ...]
    """Placeholders for the perception calls while those are unknown: the same number of similar calls."""
    hints: str | None

    @property
    def is_described(self) -> bool:
        """Whether it can be answered without making any other call first."""
        return not self.likely and all(call.completion is not None for call in (*self.writing, *self.describing))

    @property
    def fails(self) -> bool:
        """Whether a cached description is unusable, so that the sample fails before it is answered."""
        return self.is_described and not all(call.completion.usable for call in self.describing if call.completion)


def batches(benchmark: Samples, positions: Iterable[int]) -> Iterator[list[Sample]]:
    """Yield the samples at the given positions in batches of a few hundred."""
    samples = benchmark.samples(positions)
    while batch := list(islice(samples, _BATCH)):
        yield batch


def looked_up(batch: Sequence[Sample], pipeline: Pipeline, store: Store) -> Iterator[SampleLookup]:
    """Yield what is known about each sample; a batch takes one look-up per kind of call."""
    instructed = list(_instructed(batch, pipeline, store))
    per_sample = [context.calls(sample) for sample, (context, _, _, _) in zip(batch, instructed, strict=True)]
    final = [calls for calls, (_, is_final, _, _) in zip(per_sample, instructed, strict=True) if is_final]
    hits = iter(look_up([call for calls in final for call in calls], store))
    for sample, calls, (context, is_final, writing, hints) in zip(batch, per_sample, instructed, strict=True):
        describing = list(islice(hits, len(calls))) if is_final else []
        yield SampleLookup(sample, context, writing, describing, () if is_final else calls, hints)


def _instructed(
    batch: Sequence[Sample], pipeline: Pipeline, store: Store
) -> Iterator[tuple[Context, bool, list[LookedUp], str | None]]:
    """Yield each sample's perceiver, whether its instruction is final, the hint writer's call, and the hints."""
    hint_source = pipeline.hint_source
    if hint_source is None:
        yield from ((pipeline.context, True, [], None) for _ in batch)
        return
    calls = [hint_source.call(sample) for sample in batch]
    hits = iter(look_up([call for call in calls if call is not None], store))
    for sample, call in zip(batch, calls, strict=True):
        writing = [] if call is None else [next(hits)]
        written = writing[0].completion if writing else None
        if writing and written is None:
            yield pipeline.context, False, writing, None
        else:
            context, hints, _ = hint_source.instruct(sample, written)
            yield context, True, writing, hints


def look_up(calls: Sequence[Call], store: Store) -> list[LookedUp]:
    """Look up all calls in one query, except those of models that do not state their identity."""
    keys = [call_key(call) for call in calls]
    hits = iter(
        store.get_many(
            (key, call.sampling.max_tokens) for key, call in zip(keys, calls, strict=True) if call.model.is_stated
        )
    )
    return [
        LookedUp(key, next(hits) if call.model.is_stated else None, call) for key, call in zip(keys, calls, strict=True)
    ]
