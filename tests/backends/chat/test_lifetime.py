"""Lifetime of an API backend: starting its server, draining and cancelling calls, closing."""

from __future__ import annotations

import asyncio

import pytest

from prism_engine.backends.chat.api import ChatApi
from prism_engine.chaos.behaviour import Behaviour, Fault
from prism_engine.chaos.server import ChaosServer
from prism_engine.config import ApiModel, Limits
from prism_engine.errors import DeadError, NotRunError
from prism_engine.records import Outcome
from tests.backends.calls import call_of
from tests.backends.playing import IDLE, play
from tests.virtual_time import now, run_virtually


class Starter:
    """Pretends to start a server slowly, and counts the starts."""

    def __init__(self, answer, seconds=100.0):
        self.answer, self.seconds, self.count, self.cancelled = answer, seconds, 0, False

    async def __call__(self):
        self.count += 1
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_a_server_of_our_own_is_started_once_by_the_first_calls():
    async def main():
        async with ChaosServer() as server:
            starter = Starter(server.base_url)
            api = ChatApi(ApiModel(model="m", base_url="http://127.0.0.1:9"), None, start=starter)
            impatient, *others = [asyncio.create_task(api.generate(call_of(str(n)))) for n in range(4)]
            await asyncio.sleep(1)
            impatient.cancel()
            assert [done.outcome for done in await asyncio.gather(*others)] == [Outcome.OK] * 3
            await api.generate(call_of())
            await api.aclose()
            assert (starter.count, impatient.cancelled(), server.stats.received) == (1, True, 4)

    run_virtually(main())


def test_a_server_of_our_own_that_does_not_start_fails_every_call():
    async def main():
        starter = Starter(DeadError("it did not come up; see the log"))
        api = ChatApi(ApiModel(model="m"), None, start=starter)
        results = await asyncio.gather(*(api.generate(call_of()) for _ in range(3)), return_exceptions=True)
        assert [str(error) for error in results] == ["it did not come up; see the log"] * 3
        with pytest.raises(DeadError):
            await api.generate(call_of())
        await api.aclose()
        assert starter.count == 1

    run_virtually(main())


def test_draining_does_not_wait_for_a_server_that_is_still_starting():
    async def main():
        starter = Starter("never")
        api = ChatApi(ApiModel(model="m"), None, start=starter)
        task = asyncio.create_task(api.generate(call_of()))
        await asyncio.sleep(3)
        started = now()
        api.drain()
        with pytest.raises(NotRunError):
            await task
        await api.aclose()
        assert (now() - started, starter.cancelled) == (0, True)

    run_virtually(main())


def test_a_drained_backend_starts_no_server():
    async def main():
        starter = Starter("never")
        api = ChatApi(ApiModel(model="m"), None, start=starter)
        api.drain()
        with pytest.raises(NotRunError):
            await api.generate(call_of())
        await api.aclose()
        await api.aclose()
        assert starter.count == 0

    run_virtually(main())


def test_draining_lets_requests_in_flight_complete_and_turns_the_others_away():
    async def scenario(api, server):
        tasks = [asyncio.create_task(api.generate(call_of(str(n)))) for n in range(10)]
        await asyncio.sleep(1)
        api.drain()
        api.drain()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(result, NotRunError) for result in results] == [False] * 2 + [True] * 8
        assert not any(task.exception() for task in tasks[:2])
        with pytest.raises(NotRunError):
            await api.generate(call_of())
        return server.stats.received

    assert play(scenario, Behaviour(latency=5.0), limits=Limits(concurrency=2)) == 2


def test_draining_ends_the_wait_for_a_retry():
    async def scenario(api, server):
        task = asyncio.create_task(api.generate(call_of()))
        await asyncio.sleep(10)
        api.drain()
        started = now()
        with pytest.raises(NotRunError):
            await task
        assert now() == started
        return server.stats.received

    assert play(scenario, Behaviour(faults=(Fault.RATE_LIMIT,), retry_after="500")) == 1


@pytest.mark.parametrize("after", [0.0, 0.5, 3.0])
def test_cancelled_calls_leak_nothing_wherever_they_are(after):
    async def scenario(api, server):
        tasks = [asyncio.create_task(api.generate(call_of(str(n)))) for n in range(12)]
        await asyncio.sleep(after)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert any(isinstance(result, asyncio.CancelledError) for result in results)
        assert IDLE.format("open") in repr(api)
        await asyncio.sleep(1)  # until the server has noticed
        return await api.generate(call_of())

    limits = Limits(concurrency=4, requests_per_minute=240, tokens_per_minute=100_000)
    assert play(scenario, Behaviour(latency=2.0), limits=limits).outcome is Outcome.OK


async def test_closing_a_backend_never_used_is_fine():
    api = ChatApi(ApiModel(model="m"), None)
    await api.aclose()
    await api.aclose()
