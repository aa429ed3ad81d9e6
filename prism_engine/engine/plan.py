"""The plan of a run: cached and remaining calls, determined without making any."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.budget import PromptVolume, Seen, text_bytes
from prism_engine.cache import call_key
from prism_engine.engine.lookup import batches, looked_up
from prism_engine.imaging.picture_rules import steps_of
from prism_engine.records import Outcome
from prism_engine.stage import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prism_engine.cache import Store
    from prism_engine.engine.lookup import LookedUp, SampleLookup, Samples
    from prism_engine.engine.pipeline import Pipeline
    from prism_engine.engine.rotated_samples import RotationCounts
    from prism_engine.records import Call, ModelIdentity
    from prism_engine.stage import StageKey

MOST_SEEN = 2000
"""Maximum number of a stage's cached calls that are kept for a forecast."""


Dependency = tuple[str, bool]
"""The key of a call that another one depends on, and whether its model states its identity."""


class ModelPlan(NamedTuple):
    """The calls of one model in one stage, as far as a forecast needs them."""

    ask: PromptVolume
    """The prompts of the calls to make."""
    ask_later: PromptVolume
    """The prompts of the unknown calls, without the text they will contain."""
    seen: tuple[Seen, ...]
    """A sample of the cached calls."""
    converted: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - never changed
    """The pictures in calls to make that the model gets converted: what is done to each, by digest."""


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
    models: dict[ModelIdentity, ModelPlan] = field(default_factory=dict, compare=False, repr=False)
    """The calls to make, by model."""
    sizes: tuple[int, ...] = field(default=(), compare=False, repr=False)
    """Sizes, in bytes, of a sample of the texts that the stage has passed on: hints, descriptions."""

    @property
    def is_cached(self) -> bool:
        """Whether no call is left to make."""
        return not (self.to_call or self.unknown)


@dataclass(frozen=True)
class Plan:
    """The calls that a run would make now."""

    samples: int
    stages: dict[StageKey, StagePlan]
    """The run's stages, in the order in which a sample passes through them."""
    undescribed: int = 0
    """Samples that cannot be answered because the run makes no descriptions."""
    rotations: RotationCounts | None = None
    """How many questions are rotated; None if the run rotates no options."""

    @property
    def is_cached(self) -> bool:
        """Whether the run would make no call."""
        return all(stage.is_cached for stage in self.stages.values())


@dataclass(frozen=True)
class CountedCalls:
    """Calls already counted in a plan, by 64 bits of their keys (8 bytes and a set slot each)."""

    known: defaultdict[StageKey, set[int]] = field(default_factory=lambda: defaultdict(set))
    later: set[int] = field(default_factory=set)
    """Calls whose prompt depends on output not yet produced, keyed by the calls that will produce it."""


def make_plan(
    benchmark: Samples,
    count: int,
    pipeline: Pipeline,
    store: Store,
    counted: CountedCalls | None = None,
    *,
    describes: bool = True,
) -> Plan:
    """Look up every call that is already determined, without making any.

    Args:
        counted: calls already counted in the plans of other runs, which this plan leaves out; updated in place.
        describes: whether the run makes hints and descriptions that are not in the cache; if not, it makes no call at
            all for a sample that lacks one.
    """
    counted = counted or CountedCalls()
    counts: defaultdict[StageKey, _StageCount] = defaultdict(_StageCount)
    for step in pipeline.steps:
        counts[step.stage] = _StageCount()
    undescribed = 0
    for batch in batches(benchmark, range(count)):
        for lookup in looked_up(batch, pipeline, store, answers=True):
            if not (describes or lookup.is_described):
                undescribed += 1
                _keep_cached(lookup)
            _count(lookup, counts, counted)
    return Plan(count, {stage.key: counts[stage.key].plan() for stage in STAGES if stage.key in counts}, undescribed)


def _keep_cached(lookup: SampleLookup) -> None:
    """Leave out the calls of a sample that are not in the cache, since the run makes none for it."""
    for stage in (*lookup.calls, *lookup.likely):
        lookup.calls[stage] = [call for call in lookup.calls.get(stage, ()) if call.completion is not None]
    lookup.likely.clear()


def _count(lookup: SampleLookup, counts: Mapping[StageKey, _StageCount], counted: CountedCalls) -> None:
    """Count a sample's calls, except those that are counted already."""
    dependencies: list[Dependency] = []
    for stage, calls in lookup.calls.items():
        counts[stage].add(_uncounted(calls, counted.known[stage]))
        dependencies += [(call.key, call.call.model.is_stated) for call in calls]
    for stage, likely in lookup.likely.items():
        counts[stage].add_later([call for call in likely if _is_new(call, dependencies, counted.later)])
        dependencies += [(call_key(call), call.model.is_stated) for call in likely]
    for stage, text in lookup.texts.items():
        counts[stage].add_text(text)


class _StageCount:
    """Counts the distinct calls of a stage by model, and the sizes of what they returned."""

    def __init__(self) -> None:
        self._models: defaultdict[ModelIdentity, _CallCount] = defaultdict(_CallCount)
        self._sizes: list[int] = []

    def add(self, calls: Iterable[LookedUp]) -> None:
        for call in calls:
            self._models[call.call.model].add(call)

    def add_later(self, calls: Iterable[Call]) -> None:
        """Count calls whose prompt is not fully known yet."""
        for call in calls:
            self._models[call.model].later.count(text_bytes(call), len(call.images))
            self._models[call.model].note_conversions(call)

    def add_text(self, text: str) -> None:
        if len(self._sizes) < MOST_SEEN:
            self._sizes.append(len(text.encode("utf-8", "surrogatepass")))

    def plan(self) -> StagePlan:
        models = self._models.values()
        return StagePlan(
            cached=sum(model.cached for model in models),
            to_call=sum(model.ask.calls for model in models),
            unknown=sum(model.later.calls for model in models),
            models={
                identity: ModelPlan(model.ask, model.later, tuple(model.seen), model.converted)
                for identity, model in self._models.items()
            },
            sizes=tuple(self._sizes),
        )


class _CallCount:
    """Counts the distinct calls of a model in a stage."""

    def __init__(self) -> None:
        self.cached = 0
        self.ask = PromptVolume()
        self.later = PromptVolume()
        self.seen: list[Seen] = []
        self.converted: dict[str, tuple[str, ...]] = {}

    def add(self, looked_up: LookedUp) -> None:
        call, completion = looked_up.call, looked_up.completion
        if completion is None:
            self.ask.count(text_bytes(call), len(call.images))
            self.note_conversions(call)
            return
        self.cached += 1
        if len(self.seen) < MOST_SEEN:
            cut = completion.outcome is Outcome.TRUNCATED
            self.seen.append(Seen(text_bytes(call), call.sampling.max_tokens, cut, completion.usage))

    def note_conversions(self, call: Call) -> None:
        """Remember the call's pictures that the model gets converted."""
        for image in call.images:
            if steps := steps_of(image, call.model.pictures):
                self.converted[image.digest] = steps


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


def _is_new(call: Call, dependencies: Iterable[Dependency], keys: set[int]) -> bool:
    """Return whether `keys` lacks this call with these dependencies, and add it.

    It always does if one of the models does not state its identity: each sample then has calls of its own.
    """
    if not call.model.is_stated or not all(is_stated for _, is_stated in dependencies):
        return True
    whole = " ".join((call_key(call), *(key for key, _ in dependencies)))
    short = int(hashlib.sha256(whole.encode()).hexdigest()[:16], 16)
    if short in keys:
        return False
    keys.add(short)
    return True
