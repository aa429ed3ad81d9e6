"""What is cached and what remains, known before anything is called."""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.budget import Demand, Seen, text_bytes
from prism_engine.cache import call_key
from prism_engine.engine.lookup import batches, look_up, looked_up
from prism_engine.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prism_engine.cache import Store
    from prism_engine.engine.lookup import LookedUp, SampleLookup, Samples
    from prism_engine.engine.pipeline import Pipeline
    from prism_engine.records import Call, ModelIdentity

MOST_SEEN = 2000
"""Cached calls of a stage that are kept for a forecast."""


class Order(NamedTuple):
    """Positions by what a sample needs first. 8 bytes per sample."""

    described: array[int]
    """No description is to be made: these can be answered at once."""
    undescribed: array[int]


def order_samples(benchmark: Samples, positions: Iterable[int], pipeline: Pipeline, store: Store) -> Order:
    """Sort samples by whether their descriptions are cached (or take no call), else as they come."""
    order = Order(array("q"), array("q"))
    for batch in batches(benchmark, positions):
        for known in looked_up(batch, pipeline, store):
            (order.described if known.is_described else order.undescribed).append(known.sample.position)
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
    writing: StagePlan | None = None
    """None where nobody writes what to observe."""
    hints: tuple[int, ...] = field(default=(), compare=False, repr=False)
    """Bytes of some of the contents to observe that exist."""
    by_perceiver: dict[ModelIdentity, StagePlan] = field(default_factory=dict, compare=False, repr=False)
    """What `describing` says, by who describes."""

    def without_describing(self) -> Plan:
        """Return what remains where descriptions are only taken from the cache."""
        assert self.answering is not None
        return Plan(
            self.samples,
            StagePlan(self.describing.cached, 0),
            replace(self.answering, unknown=0, ask_later=Demand()),
            undescribed=self.answering.unknown,
            writing=None if self.writing is None else StagePlan(self.writing.cached, 0),
        )


@dataclass(frozen=True)
class CountedCalls:
    """Calls that plans have counted, by 64 bits of their keys (8 bytes and a set slot each)."""

    hints: set[int] = field(default_factory=set)
    descriptions: set[int] = field(default_factory=set)
    answers: set[int] = field(default_factory=set)
    later: set[int] = field(default_factory=set)
    """Calls about what does not exist yet, told apart by the calls that will make that."""


def make_plan(
    benchmark: Samples, count: int, pipeline: Pipeline, store: Store, counted: CountedCalls | None = None
) -> Plan:
    """Look every call up that can be known, without making any.

    Args:
        counted: calls that the plans of other runs have counted, which are left out of this one; it is added to.
    """
    counted = counted or CountedCalls()
    write, describe, answer = _CallCount(), _CallCount(), _CallCount()
    by_perceiver: dict[ModelIdentity, _CallCount] = defaultdict(_CallCount)
    described, hints = _Sizes(), _Sizes()
    for batch in batches(benchmark, range(count)):
        known: list[Call] = []
        for found in looked_up(batch, pipeline, store):
            write.add(_uncounted(found.writing, counted.hints))
            hints.add(found.hints)
            for model, calls in _by_model(_uncounted(found.describing, counted.descriptions)):
                describe.add(calls)
                by_perceiver[model].add(calls)
            for call in found.likely:
                if _is_new(call, [each.key for each in found.writing], counted.later):
                    describe.add_later(call)
                    by_perceiver[call.model].add_later(call)
            if pipeline.answering is None or found.fails:
                continue
            if not found.is_described:
                call = pipeline.answering.call(found.sample, "")
                if _is_new(call, _before(found), counted.later):
                    answer.add_later(call)
                continue
            texts = [call.completion.text for call in found.describing if call.completion is not None]
            description = found.context.text(found.sample, texts)
            if pipeline.needs_description and description is None:
                continue
            described.add(description if texts else None)
            known.append(pipeline.answering.call(found.sample, description))
        answer.add(_uncounted(look_up(known, store), counted.answers))
    return Plan(
        samples=count,
        describing=describe.plan(),
        answering=answer.plan() if pipeline.answering else None,
        described=tuple(described),
        writing=write.plan() if pipeline.hint_source and (write.cached or write.to_call) else None,
        hints=tuple(hints),
        by_perceiver={model: tally.plan() for model, tally in by_perceiver.items()},
    )


class _Sizes(list[int]):
    """Lengths in UTF-8 of some texts."""

    def add(self, text: str | None) -> None:
        if text is not None and len(self) < MOST_SEEN:
            self.append(len(text.encode("utf-8", "surrogatepass")))


class _CallCount:
    """Distinct calls."""

    def __init__(self) -> None:
        self.cached = 0
        self.to_call = 0
        self._ask = Demand()
        self._later = Demand()
        self._seen: list[Seen] = []

    def add(self, calls: Iterable[LookedUp]) -> None:
        for _, completion, call in calls:
            if completion is None:
                self.to_call += 1
                self._ask.count(text_bytes(call), len(call.images))
            else:
                self.cached += 1
                if len(self._seen) < MOST_SEEN:
                    cut = completion.outcome is Outcome.TRUNCATED
                    self._seen.append(Seen(text_bytes(call), call.sampling.max_tokens, cut, completion.usage))

    def add_later(self, call: Call) -> None:
        """Count a call of which not everything is known yet."""
        self._later.count(text_bytes(call), len(call.images))

    def plan(self) -> StagePlan:
        return StagePlan(
            self.cached,
            self.to_call,
            unknown=self._later.calls,
            ask=self._ask,
            ask_later=self._later,
            seen=tuple(self._seen),
        )


def _uncounted(calls: Iterable[LookedUp], keys: set[int]) -> list[LookedUp]:
    """Return the calls that `keys` does not have, each once, and add them to it."""
    new = []
    for found in calls:
        if (short := int(found.key[:16], 16)) not in keys:
            keys.add(short)
            new.append(found)
    return new


def _before(found: SampleLookup) -> list[str]:
    """Return the keys of the calls that a sample's answer depends on, as far as they are known."""
    sure = [call.key for call in (*found.writing, *found.describing)]
    return sure + list(map(call_key, found.likely))


def _is_new(call: Call, before: Iterable[str], keys: set[int]) -> bool:
    """Say whether `keys` does not have a call that depends on calls with these keys, and add it."""
    whole = " ".join((call_key(call), *before))
    short = int(hashlib.sha256(whole.encode()).hexdigest()[:16], 16)
    if short in keys:
        return False
    keys.add(short)
    return True


def _by_model(calls: Iterable[LookedUp]) -> Iterator[tuple[ModelIdentity, list[LookedUp]]]:
    for model, group in groupby(calls, key=lambda found: found.call.model):
        yield model, list(group)
