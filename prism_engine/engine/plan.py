"""The plan of a run: cached and remaining calls, determined without making any."""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.budget import PromptVolume, Seen, text_bytes
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
"""Maximum number of a stage's cached calls that are kept for a forecast."""


class Order(NamedTuple):
    """Positions, grouped by the next step of their samples. 8 bytes per sample."""

    described: array[int]
    """No description is left to make: these can be answered at once."""
    undescribed: array[int]


def order_samples(benchmark: Samples, positions: Iterable[int], pipeline: Pipeline, store: Store) -> Order:
    """Group samples by whether their descriptions are cached (or need no call); keep the order within each group."""
    order = Order(array("q"), array("q"))
    for batch in batches(benchmark, positions):
        for lookup in looked_up(batch, pipeline, store):
            (order.described if lookup.is_described else order.undescribed).append(lookup.sample.position)
    return order


@dataclass(frozen=True)
class StagePlan:
    """The calls of one stage.

    Identical calls (shared pictures, repeated questions) count once, except those of a model that does not state its
    identity: each of these is made.
    """

    cached: int
    to_call: int
    unknown: int = 0
    """Calls that depend on output not yet produced; an upper bound, as some may turn out identical."""
    ask: PromptVolume = field(default_factory=PromptVolume, compare=False)
    """The prompts of the calls to make."""
    ask_later: PromptVolume = field(default_factory=PromptVolume, compare=False)
    """The prompts of the unknown calls, without the descriptions they will contain."""
    seen: tuple[Seen, ...] = field(default=(), compare=False, repr=False)
    """A sample of the cached calls."""


@dataclass(frozen=True)
class Plan:
    """The calls that a run would make now."""

    samples: int
    describing: StagePlan
    answering: StagePlan | None
    """None if the run only describes."""
    undescribed: int = 0
    """Samples that cannot be answered because the run makes no descriptions."""
    described: tuple[int, ...] = field(default=(), compare=False, repr=False)
    """Sizes, in bytes, of a sample of the existing descriptions."""
    writing: StagePlan | None = None
    """None if no model writes hints."""
    hints: tuple[int, ...] = field(default=(), compare=False, repr=False)
    """Sizes, in bytes, of a sample of the existing hints."""
    by_perceiver: dict[ModelIdentity, StagePlan] = field(default_factory=dict, compare=False, repr=False)
    """`describing`, split by perceiver."""

    def without_describing(self) -> Plan:
        """Return the plan of the same run if descriptions come from the cache only."""
        assert self.answering is not None
        return Plan(
            self.samples,
            StagePlan(self.describing.cached, 0),
            replace(self.answering, unknown=0, ask_later=PromptVolume()),
            undescribed=self.answering.unknown,
            writing=None if self.writing is None else StagePlan(self.writing.cached, 0),
        )


@dataclass(frozen=True)
class CountedCalls:
    """Calls already counted in a plan, by 64 bits of their keys (8 bytes and a set slot each)."""

    hints: set[int] = field(default_factory=set)
    descriptions: set[int] = field(default_factory=set)
    answers: set[int] = field(default_factory=set)
    later: set[int] = field(default_factory=set)
    """Calls whose prompt depends on output not yet produced, keyed by the calls that will produce it."""


def make_plan(
    benchmark: Samples, count: int, pipeline: Pipeline, store: Store, counted: CountedCalls | None = None
) -> Plan:
    """Look up every call that is already determined, without making any.

    Args:
        counted: calls already counted in the plans of other runs, which this plan leaves out; updated in place.
    """
    counted = counted or CountedCalls()
    write, describe, answer = _CallCount(), _CallCount(), _CallCount()
    by_perceiver: dict[ModelIdentity, _CallCount] = defaultdict(_CallCount)
    described, hints = _Sizes(), _Sizes()
    for batch in batches(benchmark, range(count)):
        answer_calls: list[Call] = []
        for lookup in looked_up(batch, pipeline, store):
            write.add(_uncounted(lookup.writing, counted.hints))
            hints.add(lookup.hints)
            for model, calls in _by_model(_uncounted(lookup.describing, counted.descriptions)):
                describe.add(calls)
                by_perceiver[model].add(calls)
            for call in lookup.likely:
                if _is_new(call, [each.call for each in lookup.writing], counted.later):
                    describe.add_later(call)
                    by_perceiver[call.model].add_later(call)
            if pipeline.answering is None or lookup.fails:
                continue
            if not lookup.is_described:
                call = pipeline.answering.call(lookup.sample, "")
                if _is_new(call, _dependencies(lookup), counted.later):
                    answer.add_later(call)
                continue
            texts = [call.completion.text for call in lookup.describing if call.completion is not None]
            description = lookup.context.text(lookup.sample, texts)
            if pipeline.needs_description and description is None:
                continue
            described.add(description if texts else None)
            answer_calls.append(pipeline.answering.call(lookup.sample, description))
        answer.add(_uncounted(look_up(answer_calls, store), counted.answers))
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
    """UTF-8 lengths, in bytes, of the first `MOST_SEEN` texts."""

    def add(self, text: str | None) -> None:
        if text is not None and len(self) < MOST_SEEN:
            self.append(len(text.encode("utf-8", "surrogatepass")))


class _CallCount:
    """Counts the distinct calls of a stage."""

    def __init__(self) -> None:
        self.cached = 0
        self.to_call = 0
        self._ask = PromptVolume()
        self._later = PromptVolume()
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
        """Count a call whose prompt is not fully known yet."""
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
    """Return the calls that are not in `keys`, each once, and add them to it.

    Calls of a model that does not state its identity are all returned, and not added.
    """
    new = []
    for call in calls:
        if not call.call.model.is_stated:
            new.append(call)
        elif (short := int(call.key[:16], 16)) not in keys:
            keys.add(short)
            new.append(call)
    return new


def _dependencies(lookup: SampleLookup) -> list[Call]:
    """Return the calls that a sample's answer depends on, as far as they are known."""
    return [*(known.call for known in (*lookup.writing, *lookup.describing)), *lookup.likely]


def _is_new(call: Call, dependencies: Iterable[Call], keys: set[int]) -> bool:
    """Return whether `keys` lacks this call with these dependencies, and add it.

    It always does if one of the models does not state its identity: each sample then has calls of its own.
    """
    calls = (call, *dependencies)
    if not all(each.model.is_stated for each in calls):
        return True
    whole = " ".join(map(call_key, calls))
    short = int(hashlib.sha256(whole.encode()).hexdigest()[:16], 16)
    if short in keys:
        return False
    keys.add(short)
    return True


def _by_model(calls: Iterable[LookedUp]) -> Iterator[tuple[ModelIdentity, list[LookedUp]]]:
    for model, group in groupby(calls, key=lambda looked_up: looked_up.call.model):
        yield model, list(group)
