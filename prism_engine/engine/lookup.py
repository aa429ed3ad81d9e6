"""What the cache holds for samples, found in batches and without making any call."""

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
"""Samples looked up at once; bounds memory, and is plenty to make SQLite's part small."""


class Samples(Protocol):
    """A benchmark as the engine sees it: samples by position, in any order, without holding them all."""

    def __len__(self) -> int: ...

    def samples(self, positions: Iterable[int]) -> Iterator[Sample]:
        """Yield the samples at the given positions, in the order given."""
        ...

    def order(self, count: int) -> array[int]:
        """Return the first `count` positions in the order in which they are visited."""
        ...


class LookedUp(NamedTuple):
    """A call, its key, and what the cache holds for it."""

    key: str
    completion: Completion | None
    call: Call


class SampleLookup(NamedTuple):
    """What can be known of a sample before anything is called."""

    sample: Sample
    context: Context
    writing: list[LookedUp]
    """The call that writes what to observe; none where nobody does."""
    describing: list[LookedUp]
    """The calls that the description takes; none where they are not known before that call."""
    likely: tuple[Call, ...]
    """As many calls like them, in that case."""
    hints: str | None

    @property
    def is_described(self) -> bool:
        """Whether no call is to be made before it can be answered."""
        return not self.likely and all(call.completion is not None for call in (*self.writing, *self.describing))

    @property
    def fails(self) -> bool:
        """Whether it will fail for what is cached, before it is answered."""
        return self.is_described and not all(call.completion.usable for call in self.describing if call.completion)


def batches(benchmark: Samples, positions: Iterable[int]) -> Iterator[list[Sample]]:
    """Yield the samples at the given positions, some hundreds at a time."""
    samples = benchmark.samples(positions)
    while batch := list(islice(samples, _BATCH)):
        yield batch


def looked_up(batch: Sequence[Sample], pipeline: Pipeline, store: Store) -> Iterator[SampleLookup]:
    """Yield what is known of each sample; one look-up per kind of call serves the batch."""
    told = list(_told(batch, pipeline, store))
    per_sample = [context.calls(sample) for sample, (context, _, _, _) in zip(batch, told, strict=True)]
    sure = [calls for calls, (_, is_sure, _, _) in zip(per_sample, told, strict=True) if is_sure]
    found = iter(look_up([call for calls in sure for call in calls], store))
    for sample, calls, (context, is_sure, writing, hints) in zip(batch, per_sample, told, strict=True):
        describing = list(islice(found, len(calls))) if is_sure else []
        yield SampleLookup(sample, context, writing, describing, () if is_sure else calls, hints)


def _told(
    batch: Sequence[Sample], pipeline: Pipeline, store: Store
) -> Iterator[tuple[Context, bool, list[LookedUp], str | None]]:
    """Yield each sample's perceiver, whether it is told what it will be, the writing call, and the contents."""
    hint_source = pipeline.hint_source
    if hint_source is None:
        yield from ((pipeline.context, True, [], None) for _ in batch)
        return
    calls = [hint_source.call(sample) for sample in batch]
    found = iter(look_up([call for call in calls if call is not None], store))
    for sample, call in zip(batch, calls, strict=True):
        writing = [] if call is None else [next(found)]
        written = writing[0].completion if writing else None
        if writing and written is None:
            yield pipeline.context, False, writing, None
        else:
            context, hints, _ = hint_source.tell(sample, written)
            yield context, True, writing, hints


def look_up(calls: Sequence[Call], store: Store) -> list[LookedUp]:
    """Look calls up, all at once."""
    keys = [call_key(call) for call in calls]
    hits = store.get_many((key, call.sampling.max_tokens) for key, call in zip(keys, calls, strict=True))
    return list(map(LookedUp, keys, hits, calls))
