"""What is cached and what remains, known before anything is called."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from prism_engine.budget import Demand, Seen, text_bytes
from prism_engine.cache import call_key
from prism_engine.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prism_engine.cache import Store
    from prism_engine.engine.pipeline import Pipeline
    from prism_engine.records import Call, Completion, Sample
    from prism_engine.stages.context import Context

MOST_SEEN = 2000
"""Cached calls of a stage that are kept for a forecast."""
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
    ask: Demand = field(default_factory=Demand, compare=False)
    """The prompts of the calls to make."""
    ask_later: Demand = field(default_factory=Demand, compare=False)
    """The prompts of the unknown calls, without the descriptions that they will hold."""
    seen: tuple[Seen, ...] = field(default=(), compare=False, repr=False)
    """Some of the calls that are cached."""


@dataclass(frozen=True)
class Plan:
    """What a run would do now."""

    samples: int
    describing: StagePlan
    answering: StagePlan | None
    """None where the run only describes."""
    undescribed: int = 0
    """Samples that a run which describes nothing cannot answer."""
    described: tuple[int, ...] = field(default=(), compare=False, repr=False)
    """Bytes of some of the descriptions that exist."""

    def without_describing(self) -> Plan:
        """Return what remains where descriptions are only taken from the cache."""
        assert self.answering is not None
        return Plan(
            self.samples,
            StagePlan(self.describing.cached, 0),
            replace(self.answering, unknown=0, ask_later=Demand()),
            undescribed=self.answering.unknown,
        )


@dataclass(frozen=True)
class Counted:
    """Calls that plans have counted, by 64 bits of their keys (8 bytes and a set slot each)."""

    descriptions: set[int] = field(default_factory=set)
    answers: set[int] = field(default_factory=set)
    later: set[int] = field(default_factory=set)
    """Answers to descriptions that do not exist yet, told apart by the calls that will make those."""


def make_plan(benchmark: Samples, count: int, pipeline: Pipeline, store: Store, counted: Counted | None = None) -> Plan:
    """Look every call up that can be known, without making any.

    Args:
        counted: calls that the plans of other runs have counted, which are left out of this one; it is added to.
    """
    counted = counted or Counted()
    describe, answer = _Tally(counted.descriptions), _Tally(counted.answers)
    later = Demand()
    described: list[int] = []
    for batch in _batches(benchmark, range(count)):
        known: list[Call] = []
        for sample, calls in zip(batch, _looked_up(batch, pipeline.context, store), strict=True):
            describe.add(calls)
            made = [call.completion for call in calls if call.completion is not None]
            if pipeline.answering is None:
                continue
            if len(made) < len(calls):
                if _is_new(pipeline.answering.call(sample, " ".join(call.key for call in calls)), counted.later):
                    later.count(text_bytes(pipeline.answering.call(sample, "")), 0)
            elif all(completion.usable for completion in made):  # else its sample fails before it is answered
                description = pipeline.context.text(sample, [completion.text for completion in made])
                if pipeline.needs_description and description is None:
                    continue
                if made and description is not None and len(described) < MOST_SEEN:
                    described.append(len(description.encode("utf-8", "surrogatepass")))
                known.append(pipeline.answering.call(sample, description))
        answer.add(_look_up(known, store))
    return Plan(
        samples=count,
        describing=describe.plan(),
        answering=replace(answer.plan(), unknown=later.calls, ask_later=later) if pipeline.answering else None,
        described=tuple(described),
    )


class _LookedUp(NamedTuple):
    """A call, its key, and what the cache holds for it."""

    key: str
    completion: Completion | None
    call: Call


def _is_new(call: Call, keys: set[int]) -> bool:
    short = _short(call_key(call))
    if short in keys:
        return False
    keys.add(short)
    return True


def _short(key: str) -> int:
    return int(key[:16], 16)


class _Tally:
    """Distinct calls that `keys` does not have yet."""

    def __init__(self, keys: set[int]) -> None:
        self.cached = 0
        self.to_call = 0
        self._keys = keys
        self._ask = Demand()
        self._seen: list[Seen] = []

    def add(self, calls: Iterable[_LookedUp]) -> None:
        for key, completion, call in calls:
            short = _short(key)
            if short in self._keys:
                continue
            self._keys.add(short)
            if completion is None:
                self.to_call += 1
                self._ask.count(text_bytes(call), len(call.images))
            else:
                self.cached += 1
                if len(self._seen) < MOST_SEEN:
                    cut = completion.outcome is Outcome.TRUNCATED
                    self._seen.append(Seen(text_bytes(call), call.sampling.max_tokens, cut, completion.usage))

    def plan(self) -> StagePlan:
        return StagePlan(self.cached, self.to_call, ask=self._ask, seen=tuple(self._seen))


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
    return list(map(_LookedUp, keys, hits, calls))
