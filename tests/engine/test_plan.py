"""What is cached and what remains."""

from __future__ import annotations

from prism_engine.engine.plan import StagePlan, make_plan, order_samples
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop


def planned(run):
    return make_plan(run.benchmark, run.count, run.pipeline.perception, run.pipeline.reasoning, run.store)


async def test_nothing_cached_means_one_call_per_distinct_picture_and_unknown_answers(world):
    run, _ = world.build(10)
    plan = planned(run)
    assert plan.samples == 10
    assert plan.perception == StagePlan(cached=0, to_call=5)
    assert plan.reasoning == StagePlan(cached=0, to_call=0, unknown=10)
    assert run.perceiver.backend.calls == 0


async def test_descriptions_alone_make_the_answers_known(world):
    run, progress = world.build(10, answering=False)
    await execute(run, progress, Stop())
    run, _ = world.build(12)
    plan = planned(run)
    assert plan.perception == StagePlan(cached=5, to_call=1)
    assert plan.reasoning == StagePlan(cached=0, to_call=10, unknown=2)


async def test_a_finished_run_leaves_nothing_to_call(world):
    run, progress = world.build(10)
    await execute(run, progress, Stop())
    plan = planned(world.build(10)[0])
    assert (plan.perception.to_call, plan.reasoning) == (0, StagePlan(cached=10, to_call=0))


async def test_described_samples_come_first(world):
    run, progress = world.build(4)
    await execute(run, progress, Stop())
    run, _ = world.build(10)
    order = order_samples(run.benchmark, 10, run.pipeline.perception, run.store)
    assert (list(order.described), list(order.undescribed)) == ([0, 1, 2, 3], [4, 5, 6, 7, 8, 9])
