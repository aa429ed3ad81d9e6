"""What is cached and what remains, known before anything is called."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from prism_engine.cache import call_key
from prism_engine.prompts import join_descriptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prism_engine.cache import Store
    from prism_engine.records import Call, Sample
    from prism_engine.stages.perception import Perception
    from prism_engine.stages.reasoning import Reasoning

_BATCH = 512
"""Samples looked up at once; bounds memory, and is plenty to make SQLite's part small."""


class Samples(Protocol):
    """A benchmark as the engine sees it: samples by position, in any order, without holding them all."""

    def __len__(self) -> int: ...

    def samples(self, positions: Iterable[int]) -> Iterator[Sample]:
        """Yield the samples at the given positions, in the order given."""
        ...


class Order(NamedTuple):
    """Positions by what a sample needs first. 8 bytes per sample."""

    described: array[int]
    """Every description is cached: these can go to the reasoner at once."""
    undescribed: array[int]


def order_samples(benchmark: Samples, count: int, perception: Perception, store: Store) -> Order:
    """Sort the first `count` samples by whether their descriptions are cached."""
    order = Order(array("q"), array("q"))
    for batch in _batches(benchmark, count):
        for sample, texts in zip(batch, _descriptions(batch, perception, store), strict=True):
            (order.undescribed if texts is None else order.described).append(sample.position)
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
    perception: StagePlan
    reasoning: StagePlan | None
    """None where the run only describes."""
    undescribed: int = 0
    """Samples that a run which describes nothing cannot answer."""

    def without_describing(self) -> Plan:
        """Return what remains where descriptions are only taken from the cache."""
        assert self.reasoning is not None
        return Plan(
            self.samples,
            StagePlan(self.perception.cached, 0),
            StagePlan(self.reasoning.cached, self.reasoning.to_call),
            undescribed=self.reasoning.unknown,
        )


def make_plan(
    benchmark: Samples, count: int, perception: Perception, reasoning: Reasoning | None, store: Store
) -> Plan:
    """Look every call up that can be known, without making any."""
    perceive, reason = _Tally(), _Tally()
    unknown = 0
    for batch in _batches(benchmark, count):
        calls = [call for sample in batch for call in perception.calls(sample)]
        perceive.add(calls, store)
        if reasoning is None:
            continue
        texts = _descriptions(batch, perception, store)
        known = [
            reasoning.call(sample, join_descriptions(text))
            for sample, text in zip(batch, texts, strict=True)
            if text is not None
        ]
        unknown += len(batch) - len(known)
        reason.add(known, store)
    return Plan(
        samples=count,
        perception=StagePlan(perceive.cached, perceive.to_call),
        reasoning=StagePlan(reason.cached, reason.to_call, unknown) if reasoning else None,
    )


class _Tally:
    """Distinct calls, told apart by 64 bits of their keys (8 bytes and a set slot each)."""

    def __init__(self) -> None:
        self.cached = 0
        self.to_call = 0
        self._seen: set[int] = set()

    def add(self, calls: Sequence[Call], store: Store) -> None:
        keys = [call_key(call) for call in calls]
        hits = store.get_many((key, call.sampling.max_tokens) for key, call in zip(keys, calls, strict=True))
        for key, hit in zip(keys, hits, strict=True):
            short = int(key[:16], 16)
            if short not in self._seen:
                self._seen.add(short)
                self.to_call += hit is None
                self.cached += hit is not None


def _batches(benchmark: Samples, count: int) -> Iterator[list[Sample]]:
    samples = benchmark.samples(range(count))
    while batch := list(islice(samples, _BATCH)):
        yield batch


def _descriptions(batch: Sequence[Sample], perception: Perception, store: Store) -> Iterator[list[str] | None]:
    """Yield each sample's descriptions, or None where one is not cached."""
    per_sample = [perception.calls(sample) for sample in batch]
    hits = iter(store.get_many((call_key(call), call.sampling.max_tokens) for calls in per_sample for call in calls))
    for calls in per_sample:
        completions = list(islice(hits, len(calls)))
        texts = [completion.text for completion in completions if completion is not None]
        yield texts if len(texts) == len(calls) else None
