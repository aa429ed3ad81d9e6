"""What is known about a sample before any call is made."""

from __future__ import annotations

from prism_engine.engine.lookup import batches, look_up, looked_up
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.records import Completion, Outcome

from .conftest import said


def known(run, count):
    return list(looked_up(list(run.benchmark.samples(range(count))), run.pipeline, run.store))


def test_samples_come_in_batches_and_none_is_lost(world, monkeypatch):
    monkeypatch.setattr("prism_engine.engine.lookup._BATCH", 4)
    run, _ = world.build(10)
    found = list(batches(run.benchmark, range(10)))
    assert [len(batch) for batch in found] == [4, 4, 2]
    assert [sample.position for batch in found for sample in batch] == list(range(10))


async def test_a_sample_is_described_once_all_that_comes_before_its_answer_is_cached(world):
    run, progress = world.build(4, answering=False, write=said("the clock"))
    assert [(lookup.is_complete, len(lookup.likely.get("perceive", ()))) for lookup in known(run, 4)] == [
        (False, 1)
    ] * 4
    await execute(run, progress, Stop())
    assert [(lookup.is_complete, lookup.fails, lookup.texts["write"]) for lookup in known(run, 4)] == [
        (True, False, "the clock")
    ] * 4


async def test_a_sample_whose_description_has_no_text_fails(world):
    run, progress = world.build(2, describe=lambda _call: Completion(Outcome.TRUNCATED))
    await execute(run, progress, Stop())
    assert [lookup.fails for lookup in known(run, 2)] == [True, True]


async def test_calls_come_back_with_their_keys_in_order(world):
    run, _ = world.build(2)
    calls = [call for sample in run.benchmark.samples([0]) for call in run.pipeline.context.calls(sample)]
    (found,) = look_up(calls, run.store)
    assert (found.call, found.completion, len(found.key)) == (calls[0], None, 64)
