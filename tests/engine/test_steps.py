"""A step between the description and the answer: run, looked up, planned, and retried like any other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.config import ScriptedModel
from prism_engine.engine.plan import StagePlan, make_plan
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.records import Call, Completion, Message, ModelIdentity, Outcome, Sampling
from prism_engine.stages.cached import CachedModel

from .conftest import passed, said

if TYPE_CHECKING:
    from prism_engine.stage import StageKey


class Correcting:
    """Corrects a description; uses the key of a stage that these runs do not have."""

    stage: StageKey = "judge"

    def __init__(self, model, number=0, until=None):
        self.model = model
        self.round = number
        self.until = until

    def call(self, _sample, description):
        if description == self.until:
            return None
        text = f"Correct ({self.round}): {description}"
        return Call(self.stage, ModelIdentity("v", (("w", "4"),)), (Message("user", (text,)),), Sampling())

    async def complete(self, call):
        return await self.model.complete(call)


@pytest.fixture
def build(world):
    def build(count, reply=None, rounds=1, until=None):
        run, progress = world.build(count)
        model = CachedModel(Scripted(ScriptedModel(), reply=reply or said("corrected")), world.store)
        loop = [Correcting(model, number, until) for number in range(rounds)]
        pipeline = replace(run.pipeline, steps=(*loop, *run.pipeline.steps))
        stages = {"perceive": run.stages["perceive"], "judge": (model,), "reason": run.stages["reason"]}
        return replace(run, pipeline=pipeline, stages=stages), progress

    return build


def planned(run, **options):
    return make_plan(run.benchmark, run.count, run.pipeline, run.store, **options).stages


async def test_its_text_replaces_the_description_and_the_answer_is_asked_about_it(build):
    run, progress = build(4)
    await execute(run, progress, Stop())
    result = await run.pipeline.run(next(run.benchmark.samples([0])))
    assert (result.description, result.reply.text) == ("corrected", "A")
    assert [step.stage for step in result.steps] == ["perceive", "judge", "reason"]
    assert "corrected" in str(run.pipeline.steps[-1].call(result.sample, result.description).messages)
    assert (progress.done, run.stages["judge"][0].meter.calls) == (4, 1)  # every picture is described the same way


async def test_a_plan_knows_its_calls_as_far_as_descriptions_exist(build, world):
    plain, progress = world.build(4, answering=False)
    assert planned(build(4)[0]) == {
        "perceive": StagePlan(0, 2),
        "judge": StagePlan(0, 0, unknown=2),
        "reason": StagePlan(0, 0, unknown=4),
    }
    await execute(plain, progress, Stop())
    run, progress = build(4)
    assert planned(run) == {
        "perceive": StagePlan(2, 0),
        "judge": StagePlan(0, 1),
        "reason": StagePlan(0, 0, unknown=4),
    }
    assert passed(run, 4) == ([], [], [0, 1, 2, 3])
    await execute(run, progress, Stop())
    assert planned(run) == {"perceive": StagePlan(2, 0), "judge": StagePlan(1, 0), "reason": StagePlan(4, 0)}
    assert passed(run, 4) == ([0, 1, 2, 3], [], [])


async def test_a_stage_that_calls_twice_is_run_and_planned_with_both_calls(build, world):
    plain, progress = world.build(4, answering=False)
    await execute(plain, progress, Stop())
    assert planned(build(4, rounds=2)[0])["judge"] == StagePlan(0, 1, unknown=2)
    run, progress = build(4, rounds=2)
    await execute(run, progress, Stop())
    assert planned(run)["judge"] == StagePlan(2, 0)
    result = await run.pipeline.run(next(run.benchmark.samples([0])))
    steps = [(step.stage, step.round) for step in result.steps]
    assert steps == [("perceive", 0), ("judge", 0), ("judge", 1), ("reason", 0)]
    assert len({step.completion.key for step in result.steps}) == 4


async def test_a_loop_ends_where_there_is_nothing_left_to_ask(build, world):
    def rising(call):
        (text,) = call.messages[0].parts
        return Completion(Outcome.OK, "good" if "better" in text else "better")

    run, progress = build(4, rising, rounds=9, until="good")
    assert planned(run)["judge"] == StagePlan(0, 0, unknown=18)  # an upper bound: two pictures, nine rounds
    await execute(run, progress, Stop())
    result = await run.pipeline.run(next(run.benchmark.samples([0])))
    assert (result.description, result.reply.text) == ("good", "A")
    assert [(step.stage, step.round) for step in result.steps[1:-1]] == [("judge", 0), ("judge", 1)]
    assert planned(run) == {"perceive": StagePlan(2, 0), "judge": StagePlan(2, 0), "reason": StagePlan(4, 0)}
    assert passed(run, 4) == ([0, 1, 2, 3], [], [])


async def test_a_loop_that_has_ended_does_not_begin_again(build, world):
    run, progress = build(1, rounds=2)
    first, second, answering = run.pipeline.steps
    first.until = "seen"
    run = replace(run, pipeline=replace(run.pipeline, steps=(first, second, answering)))
    await execute(run, progress, Stop())
    result = await run.pipeline.run(next(run.benchmark.samples([0])))
    assert [step.stage for step in result.steps] == ["perceive", "reason"]
    assert planned(run)["judge"] == StagePlan(0, 0)


async def test_a_run_that_makes_no_descriptions_still_makes_the_calls_of_described_samples(build, world):
    plain, progress = world.build(2, answering=False)
    await execute(plain, progress, Stop())
    run, _ = build(4)
    plan = make_plan(run.benchmark, run.count, run.pipeline, run.store, describes=False)
    assert plan.undescribed == 2
    assert plan.stages == {
        "perceive": StagePlan(1, 0),
        "judge": StagePlan(0, 1),
        "reason": StagePlan(0, 0, unknown=2),
    }
    assert planned(run)["reason"] == StagePlan(0, 0, unknown=4)


async def test_where_it_fails_the_sample_fails_before_its_answer(build):
    run, progress = build(4, lambda _call: Completion(Outcome.TRUNCATED, finish_reason="length"))
    await execute(run, progress, Stop())
    assert (progress.failed, run.answering.meter.calls) == (4, 0)
    assert set(progress.failures) == {"review: truncated: no text yet"}
    assert planned(run)["reason"] == StagePlan(0, 0)
