"""Making all descriptions ahead while another engine is waiting."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.engine.turns import EngineUse, Turns
from prism_engine.errors import DeadError, TransientError
from prism_engine.records import Completion, ModelIdentity, Outcome

VLM = ModelIdentity("vlm", (("w", "1"),))


class Waiting:
    """A run over scripted models with another engine waiting for its engine; records what happened."""

    def __init__(self, world, count, **options):
        run, self.progress = world.build(count, **options)
        self.turns = Turns()
        self.closed = asyncio.Event()
        mine = self.turns.enlist("mine", self.close)
        self.next = self.turns.enlist("next", self.close)
        self.run = replace(run, engines=(EngineUse(run.stages["perceive"][0], VLM, mine),), ahead=0)
        self.calls_at_close = None

    async def close(self):
        self.calls_at_close = self.run.stages["perceive"][0].meter.calls
        await self.run.stages["perceive"][0].backend.aclose()
        self.closed.set()

    async def execute(self, stop=None):
        await execute(self.run, self.progress, stop or Stop())


@pytest.fixture
def waiting(world):
    return lambda count, **options: Waiting(world, count, **options)


async def test_all_descriptions_are_made_before_a_single_answer_where_the_reasoner_waits_for_that(waiting):
    async def answer(_call):
        await made.closed.wait()
        return Completion(Outcome.OK, "A")

    made = waiting(100, answer=answer)
    await made.execute()
    assert (made.progress.done, made.calls_at_close) == (100, 50)  # two questions per picture
    assert made.run.stages["perceive"][0].meter.hits + made.run.stages["perceive"][0].meter.shared == 50
    assert made.next._engine.up.is_set()


async def test_descriptions_that_failed_are_tried_again_before_the_engine_makes_room(waiting):
    asked = Counter()

    def describe(call):
        asked[call] += 1
        if asked[call] < 3 and len(asked) % 5 == 0:
            raise TransientError("overloaded")
        return Completion(Outcome.OK, "seen")

    made = waiting(100, describe=describe)
    await made.execute()
    assert (made.progress.done, made.progress.failed) == (100, 0)


async def test_one_that_fails_each_time_fails_its_samples_and_does_not_bring_the_engine_back(waiting):
    def describe(call):
        if call.images[0].digest.endswith("7"):
            raise TransientError("overloaded")
        return Completion(Outcome.OK, "seen")

    made = waiting(30, describe=describe)
    await made.execute()
    assert (made.progress.done, made.progress.failed) == (28, 2)
    assert made.run.stages["perceive"][0].backend.calls == 14 + 3
    assert made.progress.failures == Counter(["description: error: overloaded"] * 2)


async def test_an_engine_with_nothing_to_describe_makes_room_at_once(waiting):
    first = waiting(20)
    await first.execute()
    second = waiting(20)
    await second.execute()
    assert (second.progress.done, second.calls_at_close) == (20, 0)


async def test_trouble_with_the_engine_stops_the_run(waiting):
    def describe(_call):
        raise DeadError("out of memory")

    made, stop = waiting(50, describe=describe), Stop()
    await made.execute(stop)
    assert str(stop.reason) == "out of memory"
    assert (made.progress.done, made.progress.not_run) == (0, 50)
    await made.next.begin()  # its turn still ends


async def test_a_stop_while_it_waits_for_its_turn_ends_the_run_once_that_comes(world):
    run, progress = world.build(20)
    turns, stop = Turns(), Stop()

    async def close():
        pass

    before = turns.enlist("before", close)
    mine = turns.enlist("mine", close)
    run = replace(run, engines=(EngineUse(run.stages["perceive"][0], VLM, mine),))
    task = asyncio.create_task(execute(run, progress, stop))
    await asyncio.sleep(0.01)
    stop.request()
    before.end()
    await task
    assert (progress.not_run, run.stages["perceive"][0].backend.calls) == (20, 0)
