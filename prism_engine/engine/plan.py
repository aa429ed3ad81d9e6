"""What is cached and what remains, known before anything is called."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from prism_engine.cache import call_key

if TYPE_CHECKING:
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


class Order(NamedTuple):
    """Positions by what a sample needs first. 8 bytes per sample."""

    described: array[int]
    """No description is to be made: these can be answered at once."""
    undescribed: array[int]


def order_samples(benchmark: Samples, count: int, context: Context, store: Store) -> Order:
    """Sort the first `count` samples by whether their descriptions are cached (or take no call), else as visited."""
    order = Order(array("q"), array("q"))
    for batch in _batches(benchmark, benchmark.order(count)):
        for sample, calls in zip(batch, _looked_up(batch, context, store), strict=True):
            cached = all(call.completion is not None for call in calls)
            (order.described if cached else order.undescribed).append(sample.position)
    return order


@dataclass(frozen=True)
class StagePlan:
    """One stage's calls. Identical calls (shared pictures, repeated questions) count once."""

    cached: int
    to_call: int
    unknown: int = 0
    """Calls that depend on descriptions which do not exist yet; an upper bound, as some may turn out identical."""


@dataclass(frozen=True)
class Plan:
    """What a run would do now."""

    samples: int
    describing: StagePlan
    answering: StagePlan | None
    """None where the run only describes."""
    undescribed: int = 0
    """Samples that a run which describes nothing cannot answer."""

    def without_describing(self) -> Plan:
        """Return what remains where descriptions are only taken from the cache."""
        assert self.answering is not None
        return Plan(
            self.samples,
            StagePlan(self.describing.cached, 0),
            StagePlan(self.answering.cached, self.answering.to_call),
            undescribed=self.answering.unknown,
        )


def make_plan(benchmark: Samples, count: int, pipeline: Pipeline, store: Store) -> Plan:
    """Look every call up that can be known, without making any."""
    describe, answer = _Tally(), _Tally()
    unknown = 0
    for batch in _batches(benchmark, range(count)):
        known: list[Call] = []
        for sample, calls in zip(batch, _looked_up(batch, pipeline.context, store), strict=True):
            describe.add(calls)
            made = [call.completion for call in calls if call.completion is not None]
            if pipeline.answering is None:
                continue
            if len(made) < len(calls):
                unknown += 1
            elif all(completion.usable for completion in made):  # else its sample fails before it is answered
                description = pipeline.context.text(sample, [completion.text for completion in made])
                known.append(pipeline.answering.call(sample, description))
        answer.add(_look_up(known, store))
    return Plan(
        samples=count,
        describing=StagePlan(describe.cached, describe.to_call),
        answering=StagePlan(answer.cached, answer.to_call, unknown) if pipeline.answering else None,
    )


class _LookedUp(NamedTuple):
    """A call's key, and what the cache holds for it."""

    key: str
    completion: Completion | None


class _Tally:
    """Distinct calls, told apart by 64 bits of their keys (8 bytes and a set slot each)."""

    def __init__(self) -> None:
        self.cached = 0
        self.to_call = 0
        self._seen: set[int] = set()

    def add(self, calls: Iterable[_LookedUp]) -> None:
        for key, completion in calls:
            short = int(key[:16], 16)
            if short not in self._seen:
                self._seen.add(short)
                self.to_call += completion is None
                self.cached += completion is not None


def _batches(benchmark: Samples, positions: Iterable[int]) -> Iterator[list[Sample]]:
    samples = benchmark.samples(positions)
    while batch := list(islice(samples, _BATCH)):
        yield batch


def _looked_up(batch: Sequence[Sample], context: Context, store: Store) -> Iterator[list[_LookedUp]]:
    """Yield the calls that each sample's description takes; one look-up serves the batch."""
    per_sample = [context.calls(sample) for sample in batch]
    found = iter(_look_up([call for calls in per_sample for call in calls], store))
    for calls in per_sample:
        yield list(islice(found, len(calls)))


def _look_up(calls: Sequence[Call], store: Store) -> list[_LookedUp]:
    keys = [call_key(call) for call in calls]
    hits = store.get_many((key, call.sampling.max_tokens) for key, call in zip(keys, calls, strict=True))
    return list(map(_LookedUp, keys, hits))
