"""The calls of one sample of a run, with what the cache holds for each: from a row of the results to its requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.api.build.parts import assembled
from prism_engine.cache import call_key, show
from prism_engine.engine.lookup import looked_up
from prism_engine.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.api.build.parts import Parts
    from prism_engine.api.results.status import RunState
    from prism_engine.cache import Entry, Store
    from prism_engine.config import Registry
    from prism_engine.records import Call, Sample


@dataclass(frozen=True, slots=True)
class SampleCall:
    """One call that a sample takes."""

    stage: str
    key: str
    max_tokens: int
    """The output limit under which the run makes it."""
    text: str | None
    """What serves it from the cache; None where the call is still to be made."""
    stored: Entry | None
    """Everything that is stored under its key, failures and other output limits included."""


def sample_calls(standing: RunState, index: str, registry: Registry) -> list[SampleCall]:
    """Return a sample's calls in order, each once; answers are left out where no description is there to answer from.

    Where the question is asked several times, these are the calls of all its draws.

    Args:
        standing: the run.
        index: of the sample, as the benchmark's file has it.

    Raises:
        UserError: the run takes no such sample, or its configuration does not work any more.
        StoreError: the cache cannot be read.
    """
    with assembled(standing.run_config(), registry, look_only=True) as parts:
        position = parts.benchmark.position(index)
        if position is None or position >= parts.count:
            raise UserError(f"{standing.folder}: no sample of index {index!r} is among the {parts.count:,} of this run")
        draws = parts.sample_count // parts.count
        samples = parts.samples.samples(range(position * draws, (position + 1) * draws))
        found = [call for sample in samples for call in _calls(sample, parts)]
        return list({call.key: call for call in found}.values())


def _calls(sample: Sample, parts: Parts) -> Iterator[SampleCall]:
    pipeline = parts.pipeline
    (known,) = looked_up([sample], pipeline, parts.store)
    for found in (*known.writing, *known.describing):
        yield _found(found.call, parts.store)
    texts = [found.completion.text for found in known.describing if found.completion is not None]
    if pipeline.answering is None or not known.is_described or known.fails:
        return
    description = known.context.text(sample, texts)
    if description is not None or not pipeline.needs_description:
        yield _found(pipeline.answering.call(sample, description), parts.store)


def _found(call: Call, store: Store) -> SampleCall:
    key, limit = call_key(call), call.sampling.max_tokens
    hit = store.get(key, limit)
    try:
        stored = show(store, key)
    except UserError:  # nothing is stored
        stored = None
    return SampleCall(call.stage, key, limit, None if hit is None else hit.text, stored)
