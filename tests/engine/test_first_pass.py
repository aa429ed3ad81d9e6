"""The first pass over a run's samples: what is cached is finished there, looked up and built once."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.config import Merge, ScriptedModel
from prism_engine.engine.first_pass import Order, first_pass, result_from_cache
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import StoreError
from prism_engine.records import Completion, ModelIdentity, Outcome, Sampling
from prism_engine.stages.cached import CachedModel
from prism_engine.stages.context import FixedContext, nothing
from prism_engine.stages.merging import MergedContext
from prism_engine.stages.perception import PerceiverContext

from .conftest import said


def from_cache(run):
    batches = first_pass(run.benchmark, range(run.count), run.pipeline, run.store, Order.empty())
    return [result_from_cache(lookup, run.pipeline) for batch in batches for lookup in batch]


def facts_of(result):
    """All that a result says, `fresh` and `key` of its completions included, which equality leaves out."""
    calls = [(each.fresh, each.key) for each in result.calls]
    return [getattr(result, field.name) for field in fields(result)], calls


def no_text(_call):
    return Completion(Outcome.TRUNCATED, reasoning="hm", finish_reason="length")


CASES: dict[str, dict[str, Any]] = {
    "described and answered": {},
    "described only": {"answering": False},
    "a description without text": {"describe": no_text},
    "an answer without text": {"answer": no_text},
    "answered without a description": {"context": FixedContext(nothing)},
    "with hints": {"write": said("the clock")},
    "hints that cannot be read": {"write": no_text},
    "hints only": {"write": said("the clock"), "needs": True, "answering": False, "context": FixedContext(nothing)},
    "hints only, none found": {"write": no_text, "needs": True, "answering": False, "context": FixedContext(nothing)},
}


@pytest.mark.parametrize("case", CASES)
async def test_a_cached_sample_has_the_result_of_its_pipeline(world, case):
    run, progress = world.build(4, **CASES[case])
    await execute(run, progress, Stop())
    found = from_cache(run)
    assert [facts_of(each) for each in found] == [
        facts_of(await run.pipeline.run(sample)) for sample in run.benchmark.samples(range(4))
    ]
    assert len(found) == 4


async def test_so_has_one_that_needs_a_description_and_has_none(world):
    run, progress = world.build(4, context=FixedContext(nothing))
    run = replace(run, pipeline=replace(run.pipeline, needs_description=True))
    await execute(run, progress, Stop())
    assert (progress.failed, progress.failures) == (4, {"description: none is given for this sample": 4})
    assert list(map(facts_of, from_cache(run))) == [
        facts_of(await run.pipeline.run(sample)) for sample in run.benchmark.samples(range(4))
    ]


async def test_calls_found_are_counted_as_hits_and_remembered_by_their_models(world, monkeypatch):
    run, progress = world.build(4)
    await execute(run, progress, Stop())
    run, progress = world.build(4)
    remembered = []
    for (model,) in run.stages.values():
        monkeypatch.setattr(model.backend, "remember", lambda call: remembered.append(call.stage))
    monkeypatch.setattr(run.store, "get", None)  # nothing is looked up one at a time
    await execute(run, progress, Stop())
    assert (progress.done, progress.cached) == (4, 4)
    assert [(model.meter.hits, model.meter.calls) for (model,) in run.stages.values()] == [(4, 0), (4, 0)]
    assert sorted(remembered) == ["perceive"] * 4 + ["reason"] * 4


async def test_each_of_several_perceivers_remembers_its_own_calls(world, monkeypatch):
    identities = [ModelIdentity(name, (("w", name),)) for name in "ab"]
    models = [CachedModel(Scripted(ScriptedModel(), reply=said(each.name)), world.store) for each in identities]
    contexts = [
        PerceiverContext(model, identity, instruction="Describe.", sampling=Sampling())
        for model, identity in zip(models, identities, strict=True)
    ]
    run, progress = world.build(2, context=MergedContext(contexts, Merge.LABELLED))
    run = replace(
        run,
        stages={**run.stages, "perceive": tuple(models)},
        perceivers=dict(zip(identities, models, strict=True)),
    )
    await execute(run, progress, Stop())
    remembered = []
    for model in models:
        monkeypatch.setattr(
            model.backend, "remember", lambda call, of=model: remembered.append((models.index(of), call.model.name))
        )
    for lookups in first_pass(run.benchmark, range(2), run.pipeline, run.store, Order.empty()):
        for lookup in lookups:
            for each in lookup.calls["perceive"]:
                run.count_cached(each)
    assert sorted(remembered) == [(0, "a"), (0, "a"), (1, "b"), (1, "b")]


async def test_a_stop_does_not_keep_cached_samples_out_of_the_results_but_a_broken_store_does(world, monkeypatch):
    monkeypatch.setattr("prism_engine.engine.lookup._BATCH", 2)
    run, progress = world.build(8)
    await execute(run, progress, Stop())
    run, progress = world.build(8)
    stop = Stop()
    stop.request()
    await execute(run, progress, stop)
    assert (progress.done, progress.not_run) == (8, 0)
    run, progress = world.build(8)
    stop = Stop()
    stop.request(StoreError("the disk is full"))
    await execute(run, progress, stop)
    assert (progress.done, progress.not_run) == (2, 6)


async def test_samples_with_calls_to_make_are_left_to_the_lanes(world):
    run, progress = world.build(4)
    await execute(run, progress, Stop())
    run, progress = world.build(6)
    await execute(run, progress, Stop())
    assert (progress.done, progress.cached) == (6, 4)
    assert [model.meter.calls for (model,) in run.stages.values()] == [1, 2]
