"""Cached and remaining calls of a run."""

from __future__ import annotations

from prism_engine.engine.plan import CountedCalls, StagePlan, make_plan
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.records import Completion, Outcome
from prism_engine.stages.context import FixedContext, nothing

from .conftest import passed


def planned(run, **options):
    return make_plan(run.benchmark, run.count, run.pipeline, run.store, **options)


async def test_nothing_cached_means_one_call_per_distinct_picture_and_unknown_answers(world):
    run, _ = world.build(10)
    plan = planned(run)
    assert plan.samples == 10
    assert plan.stages["perceive"] == StagePlan(cached=0, to_call=5)
    assert plan.stages["reason"] == StagePlan(cached=0, to_call=0, unknown=10)
    assert run.stages["perceive"][0].backend.calls == 0


async def test_each_call_of_a_model_without_identity_is_to_be_made_however_often_it_was(world):
    for _ in range(2):
        run, progress = world.build(10, facts=())
        counted = CountedCalls()
        for _ in range(2):  # as the plans of two runs
            plan = make_plan(run.benchmark, run.count, run.pipeline, run.store, counted)
            assert plan.stages["perceive"] == StagePlan(cached=0, to_call=10)
            assert plan.stages["reason"] == StagePlan(cached=0, to_call=0, unknown=10)
        await execute(run, progress, Stop())
        assert (run.stages["perceive"][0].backend.calls, progress.done, progress.cached) == (10, 10, 0)


async def test_descriptions_alone_make_the_answers_known(world):
    run, progress = world.build(10, answering=False)
    await execute(run, progress, Stop())
    run, _ = world.build(12)
    plan = planned(run)
    assert plan.stages["perceive"] == StagePlan(cached=5, to_call=1)
    assert plan.stages["reason"] == StagePlan(cached=0, to_call=10, unknown=2)


async def test_a_finished_run_leaves_nothing_to_call(world):
    run, progress = world.build(10)
    await execute(run, progress, Stop())
    plan = planned(world.build(10)[0])
    assert (plan.stages["perceive"].to_call, plan.stages["reason"]) == (0, StagePlan(cached=10, to_call=0))


async def test_described_samples_come_first(world):
    run, progress = world.build(4)
    await execute(run, progress, Stop())
    run, _ = world.build(10)
    assert passed(run, 10) == ([0, 1, 2, 3], [], [4, 5, 6, 7, 8, 9])
    run, progress = world.build(10, answering=False)
    await execute(run, progress, Stop())
    run, _ = world.build(10)
    assert passed(run, 10) == ([0, 1, 2, 3], [4, 5, 6, 7, 8, 9], [])


async def test_where_no_description_is_to_be_made_everything_can_be_answered_at_once(world):
    run, _ = world.build(10, context=FixedContext(nothing))
    assert passed(run, 10) == ([], list(range(10)), [])
    assert planned(run).stages == {"reason": StagePlan(cached=0, to_call=10)}


async def test_a_sample_whose_description_has_no_text_will_not_be_answered(world):
    def describe(_call):
        return Completion(Outcome.TRUNCATED, reasoning="hm", finish_reason="length")

    run, progress = world.build(4, describe=describe)
    await execute(run, progress, Stop())
    assert (progress.failed, run.answering.meter.calls) == (4, 0)
    plan = planned(world.build(4)[0])
    assert (plan.stages["perceive"], plan.stages["reason"]) == (StagePlan(cached=2, to_call=0), StagePlan(0, 0))


async def test_a_plan_looks_each_batch_up_once_per_stage(world, monkeypatch):
    run, progress = world.build(10)
    await execute(run, progress, Stop())
    run, _ = world.build(10)
    look_ups = []
    get_many = run.store.get_many

    def counted(keys):
        look_ups.append(None)
        return get_many(keys)

    monkeypatch.setattr(run.store, "get_many", counted)
    planned(run)
    assert len(look_ups) == 2


def about(call):
    """Return hints that differ by question."""
    return Completion(Outcome.OK, f"what question {call.messages[0].parts[0].split('Question ')[-1][0]} is about")


async def test_before_hints_are_written_the_number_of_descriptions_is_an_upper_bound(world):
    run, _ = world.build(10, write=about)
    plan = planned(run)
    assert plan.stages["write"] == StagePlan(cached=0, to_call=10)
    assert plan.stages["perceive"] == StagePlan(cached=0, to_call=0, unknown=10)
    assert plan.stages["reason"] == StagePlan(cached=0, to_call=0, unknown=10)
    (by_one,) = plan.stages["perceive"].models.values()
    assert (by_one.ask.calls, by_one.ask_later.calls) == (0, 10)


async def test_written_hints_make_descriptions_known(world):
    run, progress = world.build(10, write=about)
    await execute(run, progress, Stop())
    assert (run.stages["write"][0].meter.calls, run.stages["perceive"][0].meter.calls) == (10, 10)
    run, _ = world.build(12, write=about)
    plan = planned(run)
    assert plan.stages["write"] == StagePlan(cached=10, to_call=2)
    assert plan.stages["perceive"] == StagePlan(cached=10, to_call=0, unknown=2)
    assert len(plan.stages["write"].sizes) == 10
    assert passed(run, 12) == (list(range(10)), [], [10, 11])


async def test_generic_descriptions_are_no_specific_ones(world):
    run, progress = world.build(10)
    await execute(run, progress, Stop())
    run, progress = world.build(10, write=about)
    await execute(run, progress, Stop())
    assert run.stages["perceive"][0].meter.calls == 10
    assert planned(world.build(10)[0]).stages["perceive"] == StagePlan(cached=5, to_call=0)


async def test_a_plan_that_describes_nothing_writes_nothing_either(world):
    plan = planned(world.build(4, write=about)[0], describes=False)
    assert plan.stages == dict.fromkeys(("write", "perceive", "reason"), StagePlan(cached=0, to_call=0))
    assert plan.undescribed == 4


async def test_calls_that_one_run_does_not_make_are_counted_for_the_next_one(world):
    run, counted = world.build(4)[0], CountedCalls()
    assert planned(run, counted=counted, describes=False).is_cached
    assert planned(run, counted=counted) == planned(run)
