"""Batched cache look-up of the calls that samples need; makes no call."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from prism_engine.cache import call_key
from prism_engine.stage import ANSWERS, DESCRIBING

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Iterator, Sequence

    from prism_engine.cache import Store
    from prism_engine.engine.pipeline import Pipeline, Step
    from prism_engine.records import Call, Completion, Sample
    from prism_engine.stage import StageKey
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


@dataclass(slots=True)
class SampleLookup:
    """What is known about a sample before any call is made."""

    sample: Sample
    context: Context
    calls: dict[StageKey, list[LookedUp]]
    """The calls that are determined, by stage, in the order of the stages."""
    likely: dict[StageKey, tuple[Call, ...]]
    """Placeholders for the calls of stages whose input is not produced yet: the same number of similar calls."""
    texts: dict[StageKey, str]
    """The text that each finished stage passes on: the hints, the description."""
    description: str | None = None
    """What the next step gets; None if there is none, or none yet."""
    ended: set[StageKey] = field(default_factory=set)
    """Stages with nothing left to ask."""
    is_complete: bool = True
    """Whether none of its calls is left to make, of the stages looked at so far."""
    hints: str | None = None
    """The hints in the instruction, written or from a file; None if there are none."""
    fell_back: str | None = None
    """Why there are no hints, so that the perceiver gets the shared instruction."""

    @property
    def is_described(self) -> bool:
        """Whether no hint or description is left to make."""
        made = (call.completion for key in DESCRIBING for call in self.calls.get(key, ()))
        return not any(key in self.likely for key in DESCRIBING) and None not in made

    @property
    def is_answerable(self) -> bool:
        """Whether no call but those that answer is left to make."""
        made = (call.completion for key, calls in self.calls.items() if key not in ANSWERS for call in calls)
        return self.is_complete or (None not in made and all(key in ANSWERS for key in self.likely))

    @property
    def fails(self) -> bool:
        """Whether a cached completion is unusable, so that the sample fails; without hints it would continue."""
        for key, calls in self.calls.items():
            for call in calls:
                if key != "write" and call.completion is not None and not call.completion.usable:
                    return True
        return False

    def add(self, stage: StageKey, calls: list[LookedUp]) -> None:
        """Add calls that are determined."""
        self.calls[stage] = [*self.calls[stage], *calls] if stage in self.calls else calls
        for call in calls:
            if call.completion is None:
                self.is_complete = False

    def expect(self, stage: StageKey, calls: tuple[Call, ...]) -> None:
        """Add placeholders for calls whose input is not produced yet."""
        self.likely[stage] = (*self.likely.get(stage, ()), *calls)
        self.is_complete = False


def batches(benchmark: Samples, positions: Iterable[int]) -> Iterator[list[Sample]]:
    """Yield the samples at the given positions in batches of a few hundred."""
    samples = benchmark.samples(positions)
    while batch := list(islice(samples, _BATCH)):
        yield batch


def looked_up(
    batch: Sequence[Sample], pipeline: Pipeline, store: Store, *, answers: bool = False, placeholders: bool = True
) -> list[SampleLookup]:
    """Return what is known about each sample; a batch takes one look-up per stage.

    Args:
        answers: include the answering calls; a sample is otherwise complete once it can be answered.
        placeholders: note an answering call whose description is not made yet as a likely one; if not, it is left out.
    """
    found = _instructed(batch, pipeline, store)
    _describe(found, store)
    steps = [step for step in pipeline.steps if answers or step.stage not in ANSWERS]
    for lookup in found if steps else ():
        _compose(lookup)
    for step in steps:
        _take(step, found, pipeline, store, placeholders=placeholders or step.stage not in ANSWERS)
    return found


def _instructed(batch: Sequence[Sample], pipeline: Pipeline, store: Store) -> list[SampleLookup]:
    """Look up the hint writer's calls, and return each sample with its perceiver as far as that is known."""
    hint_source = pipeline.hint_source
    if hint_source is None:
        return [SampleLookup(sample, pipeline.context, {}, {}, {}) for sample in batch]
    calls = [hint_source.call(sample) for sample in batch]
    hits = iter(look_up([call for call in calls if call is not None], store))
    found = []
    for sample, call in zip(batch, calls, strict=True):
        hit = None if call is None else next(hits)
        lookup = SampleLookup(sample, pipeline.context, {}, {}, {})
        if hit is not None:
            lookup.add("write", [hit])
        if hit is None or hit.completion is not None:
            written = None if hit is None else hit.completion
            lookup.context, hints, lookup.fell_back = hint_source.instruct(sample, written)
            lookup.hints = hints
            lookup.texts |= {} if hit is None or hints is None else {"write": hints}
        found.append(lookup)
    return found


def _describe(found: Sequence[SampleLookup], store: Store) -> None:
    """Look up the perception calls, or note similar ones while the hints are not written yet."""
    per_sample = [lookup.context.calls(lookup.sample) for lookup in found]
    final = [lookup.is_complete for lookup in found]
    hits = iter(
        look_up([call for calls, known in zip(per_sample, final, strict=True) if known for call in calls], store)
    )
    for lookup, calls, known in zip(found, per_sample, final, strict=True):
        if calls and known:
            lookup.add("perceive", list(islice(hits, len(calls))))
        elif calls:
            lookup.expect("perceive", calls)


def _compose(lookup: SampleLookup) -> None:
    """Compose the description, if nothing is missing for it."""
    if lookup.is_complete and not lookup.fails:
        made = lookup.calls.get("perceive", [])
        texts = [call.completion.text for call in made if call.completion is not None]
        lookup.description = lookup.context.text(lookup.sample, texts)
        if texts and lookup.description is not None:
            lookup.texts["perceive"] = lookup.description


def _take(step: Step, found: Sequence[SampleLookup], pipeline: Pipeline, store: Store, *, placeholders: bool) -> None:
    """Look up the calls of one step, or note similar ones while its input is not produced yet."""
    ready = []
    calls = []
    for lookup in found:
        if step.stage in lookup.ended or (lookup.is_complete and not _goes_on(lookup, pipeline)):
            continue
        if not (is_next := lookup.is_complete) and not placeholders:
            continue
        call = step.call(lookup.sample, lookup.description if is_next else "")
        if call is None:
            lookup.ended.add(step.stage)
        elif is_next:
            ready.append(lookup)
            calls.append(call)
        else:
            lookup.expect(step.stage, (call,))
    for lookup, hit in zip(ready, look_up(calls, store), strict=True):
        lookup.add(step.stage, [hit])
        if hit.completion is not None and step.stage not in ANSWERS:
            lookup.description = lookup.texts[step.stage] = hit.completion.text


def _goes_on(lookup: SampleLookup, pipeline: Pipeline) -> bool:
    """Return whether a sample that has all calls so far gets to its next step."""
    return not lookup.fails and not (pipeline.needs_description and lookup.description is None)


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
