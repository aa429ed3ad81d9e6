"""The API backend and servers that are down: never there, gone for good, or broken for a while."""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import aclosing, asynccontextmanager

import pytest
from aiohttp import web

from prism_engine.backends.chat.api import LATER_ATTEMPTS, UNREACHABLE_CALLS, ChatApi
from prism_engine.backends.load import WaitReason
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.chaos.server import ChaosServer
from prism_engine.config import ApiModel, Limits
from prism_engine.errors import DeadError, NotRunError, TransientError, UnreachableError
from prism_engine.records import Outcome
from tests.backends.calls import call_of
from tests.backends.playing import play
from tests.virtual_time import now, run_virtually


def free_port():
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        return probe_socket.getsockname()[1]


@asynccontextmanager
async def gone(**spec):
    """An API whose server answered one call and then went away, and the server's port."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1"
    async with aclosing(ChatApi(ApiModel(model="m", base_url=url, **spec), None)) as api:
        async with ChaosServer(port=port):
            await api.generate(call_of())
        yield api, port


def test_an_address_that_never_responded_is_a_dead_server():
    async def main():
        url = f"http://127.0.0.1:{free_port()}/v1"
        async with aclosing(ChatApi(ApiModel(model="m", base_url=url, attempts=3), None)) as api:
            started = now()
            with pytest.raises(DeadError, match=f"server down: nothing answers at {url}"):
                await api.generate(call_of())
            assert now() > started  # it was tried again
            with pytest.raises(DeadError):
                await api.generate(call_of())

    run_virtually(main())


def test_a_server_that_goes_away_is_dead_after_a_few_calls_in_a_row():
    async def main():
        async with gone(attempts=2, outage_patience=0) as (api, _):
            for _ in range(UNREACHABLE_CALLS - 1):
                with pytest.raises(TransientError):
                    await api.generate(call_of())
            with pytest.raises(DeadError, match="server down"):
                await api.generate(call_of())

    run_virtually(main())


def test_a_server_that_goes_away_and_comes_back_is_waited_for_however_few_attempts_a_call_has():
    async def main():
        async with gone(attempts=1, limits=Limits(concurrency=4)) as (api, port):
            calls = [asyncio.create_task(api.generate(call_of(str(n)))) for n in range(30)]
            await asyncio.sleep(600)
            failed = [call.exception() for call in calls if call.done()]
            assert len(failed) < 12
            assert all(type(error) is UnreachableError for error in failed)
            async with ChaosServer(port=port):
                await asyncio.gather(*calls, return_exceptions=True)
            assert sum(call.exception() is None for call in calls) == 30 - len(failed)

    run_virtually(main())


def test_an_answer_in_between_resets_the_count_of_unreachable_calls():
    async def main():
        port = free_port()
        spec = ApiModel(model="m", base_url=f"http://127.0.0.1:{port}/v1", attempts=1)
        async with aclosing(ChatApi(spec, None)) as api:
            for _ in range(3):
                async with ChaosServer(port=port):
                    await api.generate(call_of())
                for _ in range(UNREACHABLE_CALLS - 1):
                    with pytest.raises(TransientError):
                        await api.generate(call_of())

    run_virtually(main())


def outage(begin, end, received=None):
    """Answer with HTTP 500 between two moments; record the time of every request."""
    times = [] if received is None else received

    def reply(body):
        times.append(now())
        if begin <= now() - times[0] < end:
            return web.json_response({"error": {"message": "all is broken"}}, status=500)
        return "Fine."

    return Behaviour(latency=1.0, reply=reply)


def test_an_outage_is_waited_out_with_occasional_probes_and_no_call_fails():
    times = []

    async def scenario(api, server):
        results = await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(200)))
        assert {done.outcome for done in results} == {Outcome.OK}
        return now() - times[0]

    seconds = play(scenario, outage(3, 1800, times), limits=Limits(concurrency=16), attempts=3)
    down = [at - times[0] for at in times if 3 <= at - times[0] < 1800]
    assert len(down) <= 16 + 6 + 1800 / 60  # requests in flight, the first quick probes, then one per minute
    assert 1800 <= seconds <= 1800 + 60 + 60 + 200 / 16 + 5  # the next probe, waits for retries


def test_hours_of_outage_do_not_use_up_the_attempts_of_a_few_calls():
    async def scenario(api, server):
        await api.generate(call_of("before"))
        return await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(4)))

    done = play(scenario, outage(0.5, 10_000), limits=Limits(concurrency=4), outage_patience=None)
    assert {completion.outcome for completion in done} == {Outcome.OK}


def test_an_outage_beyond_all_patience_ends_the_run_and_says_why():
    async def scenario(api, server):
        calls = (api.generate(call_of(str(n))) for n in range(200))
        results = await asyncio.gather(*calls, return_exceptions=True)
        dead = [error for error in results if isinstance(error, DeadError)]
        assert len(dead) + sum(not isinstance(error, Exception) for error in results) == 200
        assert re.search(r"only errors for 1[01] minutes.*HTTP 500: all is broken", str(dead[0]))
        return server.stats.received

    assert play(scenario, outage(5, 10**9), limits=Limits(concurrency=16), outage_patience=600) <= 16 * 5 + 16 + 20


def test_draining_ends_an_outage_at_once():
    async def scenario(api, server):
        tasks = [asyncio.create_task(api.generate(call_of(str(n)))) for n in range(100)]
        await asyncio.sleep(200)
        assert api.load.waiting_for is WaitReason.OUTAGE
        api.drain()
        started = now()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert now() - started <= 1
        assert {type(result) for result in results if isinstance(result, Exception)} == {NotRunError}

    play(scenario, outage(2, 10**9), limits=Limits(concurrency=16), outage_patience=None)


def test_calls_that_always_fail_are_no_outage():
    def reply(body):
        bad = "bad" in body["messages"][0]["content"]
        return web.json_response({"error": {"message": "no"}}, status=500) if bad else "Fine."

    async def scenario(api, server):
        texts = [f"{'bad' if n % 10 == 0 else 'good'} {n}" for n in range(100)]
        for _ in range(2):  # the second time only those that failed, as in the later rounds of a run
            results = await asyncio.gather(*(api.generate(call_of(text)) for text in texts), return_exceptions=True)
            texts = [text for text, done in zip(texts, results, strict=True) if isinstance(done, TransientError)]
            assert len(texts) == 10
        return server.stats.received

    assert play(scenario, Behaviour(latency=1.0, reply=reply), attempts=3) == 90 + 10 * (3 + LATER_ATTEMPTS)


def broken_at_the_end(received):
    def reply(body):
        received.append(body)
        text = body["messages"][0]["content"]
        return web.json_response({"error": {"message": "no"}}, status=500) if text.startswith("bad") else "Fine."

    return Behaviour(latency=0.5, reply=reply)


def test_the_last_calls_of_a_run_fail_within_minutes_if_they_always_fail():
    received = []

    async def scenario(api, server):
        await asyncio.gather(*(api.generate(call_of(f"good {n}")) for n in range(25)))
        started = now()
        calls = (api.generate(call_of(f"bad {n}")) for n in range(5))
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(error) for error in results} == {TransientError}
        return now() - started

    assert play(scenario, broken_at_the_end(received), outage_patience=3600.0) < 240
    probes = [body for body in received[25:] if body["messages"][0]["content"].startswith("good")]
    assert len(probes) == 1  # one call that had been answered, with a short limit
    assert probes[0]["max_tokens"] < 512
    assert len(received) <= 25 + 5 * 7 + 1  # what failed while it looked like an outage does not count


def test_calls_that_always_fail_are_told_from_an_outage_by_an_answer_from_the_cache():
    async def scenario(api, server):
        api.remember(call_of("good"))
        calls = (api.generate(call_of(f"bad {n}")) for n in range(5))
        started = now()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(error) for error in results} == {TransientError}
        return now() - started

    assert play(scenario, broken_at_the_end([]), outage_patience=3600.0) < 240


def test_an_endpoint_that_has_never_returned_anything_but_errors_is_dead_after_a_minute():
    async def scenario(api, server):
        calls = (api.generate(call_of(f"bad {n}")) for n in range(300))
        started = now()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(error) for error in results} == {DeadError}
        assert "has answered no call, only errors" in str(results[0])
        return server.stats.received, now() - started

    requests, seconds = play(scenario, broken_at_the_end([]), limits=Limits(concurrency=16))
    assert requests <= 16 + 8
    assert seconds < 130


def test_an_endpoint_that_only_refuses_for_a_quarter_of_an_hour_is_dead():
    def reply(body):
        return web.json_response({"error": {"message": "Rate limit reached"}}, status=429)

    async def scenario(api, server):
        results = await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(50)), return_exceptions=True)
        assert {type(error) for error in results} == {DeadError}
        assert "refused every request for 15 minutes" in str(results[0])

    play(scenario, Behaviour(reply=reply))
