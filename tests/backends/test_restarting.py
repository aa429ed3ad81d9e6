from __future__ import annotations

import asyncio
from itertools import count

import pytest

from prism_engine.backends.base import Backend
from prism_engine.backends.restarting import Restarting
from prism_engine.config import Limits
from prism_engine.errors import DeadError, NotRunError, RejectedError
from prism_engine.records import Call, Completion, Message, ModelIdentity, Outcome, Sampling


class Mortal(Backend):
    """Answers `lives` calls, then dies with all calls in flight; closing it ends the calls still waiting."""

    made: list[Mortal]

    def __init__(self, lives):
        self.lives = lives
        self.dead = asyncio.Event()
        self.closed = self.drained = False

    capacity = 4

    async def generate(self, call):
        if self.drained:
            raise NotRunError("stopping")
        if call.sampling.seed == 13:
            raise RejectedError("unlucky")
        await asyncio.sleep(0)
        if self.lives > 0:
            self.lives -= 1
            return Completion(Outcome.OK, str(call.sampling.seed))
        self.dead.set()
        await asyncio.sleep(0)
        if self.closed:
            raise NotRunError("closed")
        raise DeadError("it died")

    def drain(self):
        self.drained = True

    async def aclose(self):
        self.closed = True
        await asyncio.sleep(0)


def mortals(*lives):
    """Return a factory of backends with the given numbers of lives, and the list of those it has made."""
    made = []

    def build():
        made.append(Mortal(lives[min(len(made), len(lives) - 1)]))
        return made[-1]

    return build, made


def calls(number):
    return [
        Call("perceive", ModelIdentity("m", ()), (Message("user", ("?",)),), Sampling(seed=seed))
        for seed in range(number)
    ]


async def test_of_calls_in_flight_when_it_dies_none_is_lost():
    build, made = mortals(3, 100)
    backend = Restarting(build)
    replies = await asyncio.gather(*map(backend.generate, calls(12)))
    assert [reply.text for reply in replies] == [str(seed) for seed in range(12)]
    assert [one.closed for one in made] == [True, False]
    await backend.aclose()
    assert made[1].closed


async def test_it_is_restarted_up_to_the_limit():
    build, made = mortals(1)
    backend = Restarting(build, restarts=3)
    results = await asyncio.gather(*map(backend.generate, calls(10)), return_exceptions=True)
    answered = [result for result in results if isinstance(result, Completion)]
    assert (len(made), len(answered)) == (4, 4)
    assert {type(result) for result in results} == {Completion, DeadError}
    await backend.aclose()
    assert all(one.closed for one in made)


async def test_one_that_dies_before_its_first_answer_is_not_replaced():
    build, made = mortals(0)
    backend = Restarting(build)
    with pytest.raises(DeadError):
        await backend.generate(calls(1)[0])
    assert len(made) == 1


async def test_after_a_drain_nothing_is_started():
    build, made = mortals(1)
    backend = Restarting(build)
    await backend.generate(calls(1)[0])
    backend.drain()
    with pytest.raises(NotRunError):
        await backend.generate(calls(1)[0])
    assert len(made) == 1


async def test_a_drain_while_it_is_replaced_reaches_the_new_one():
    build, made = mortals(1, 5)
    backend = Restarting(build)
    await backend.generate(calls(1)[0])
    asked = asyncio.create_task(backend.generate(calls(1)[0]))
    await made[0].dead.wait()
    while not made[0].closed:
        await asyncio.sleep(0)
    backend.drain()
    with pytest.raises(NotRunError):
        await asked
    await backend.aclose()
    assert [one.drained for one in made] == [True, True]


async def test_cancelling_a_call_while_it_is_replaced_does_not_affect_the_others():
    build, _ = mortals(1, 5)
    backend = Restarting(build)
    numbers = count()
    await backend.generate(calls(1)[0])
    first, second = (asyncio.create_task(backend.generate(calls(next(numbers) + 1)[0])) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).outcome is Outcome.OK


async def test_other_errors_are_the_caller_s():
    build, made = mortals(100)
    backend = Restarting(build)
    with pytest.raises(RejectedError):
        await backend.generate(calls(14)[13])
    assert len(made) == 1
    assert backend.capacity == 4


async def test_a_replaced_backend_keeps_changed_limits_and_the_pause():
    class Limited(Mortal):
        limits = Limits(concurrency=4)
        held = False

        def change_limits(self, limits):
            self.limits = limits

        def hold(self, *, on):
            self.held = on

    made = []

    def build():
        made.append(Limited(1))
        return made[-1]

    backend = Restarting(build)
    first, second = calls(2)
    await backend.generate(first)
    backend.change_limits(Limits(concurrency=9))
    backend.hold(on=True)
    await backend.generate(second)  # the first backend dies of it
    assert [(each.limits.concurrency, each.held) for each in made] == [(9, True), (9, True)]
    backend.hold(on=False)
    assert (backend.limits, made[-1].held) == (Limits(concurrency=9), False)
    await backend.aclose()
