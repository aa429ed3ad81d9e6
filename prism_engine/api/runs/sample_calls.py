"""Finds the calls behind one sample of a run, with the cache entry of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.api.build.parts import assembled
from prism_engine.cache import show
from prism_engine.engine.lookup import looked_up
from prism_engine.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.api.build.parts import Parts
    from prism_engine.api.results.status import RunState
    from prism_engine.cache import Entry, Store
    from prism_engine.config import Registry
    from prism_engine.engine.lookup import LookedUp
    from prism_engine.records import Sample
    from prism_engine.stage import StageKey


@dataclass(frozen=True, slots=True)
class SampleCall:
    """One call that a sample needs."""

    stage: StageKey
    key: str
    max_tokens: int
    """The output limit under which the run makes it."""
    text: str | None
    """The cached text; None if the call is still to be made."""
    stored: Entry | None
    """Everything stored under its key, including failures and other output limits."""


def sample_calls(state: RunState, index: str, registry: Registry) -> list[SampleCall]:
    """Return a sample's calls in order, each once; the answer is omitted if its description is missing.

    If the question is asked more than once, these are the calls of all its draws and rotations.

    Args:
        state: of the run.
        index: of the sample, as in the benchmark file.

    Raises:
        UserError: the run has no such sample, or its configuration no longer works.
        StoreError: the cache cannot be read.
    """
    with assembled(state.run_config(), registry, look_only=True) as parts:
        position = parts.benchmark.position(index)
        if position is None or position >= parts.count:
            raise UserError(f"{state.folder}: no sample of index {index!r} is among the {parts.count:,} of this run")
        samples = parts.samples.samples(parts.positions_of(position))
        calls = [call for sample in samples for call in _calls(sample, parts)]
        return list({call.key: call for call in calls}.values())


def _calls(sample: Sample, parts: Parts) -> Iterator[SampleCall]:
    (known,) = looked_up([sample], parts.pipeline, parts.store, answers=True)
    for calls in known.calls.values():
        for cached in calls:
            yield _sample_call(cached, parts.store)


def _sample_call(known: LookedUp, store: Store) -> SampleCall:
    key, hit, call = known
    try:
        stored = show(store, key) if call.model.is_stated else None
    except UserError:  # nothing is stored
        stored = None
    return SampleCall(call.stage, key, call.sampling.max_tokens, None if hit is None else hit.text, stored)
