"""The API backend against the chaos server: real HTTP over loopback, in virtual time where time matters."""

from __future__ import annotations

import asyncio
import base64
import gc
import logging
import os
import re
import socket
import traceback
from contextlib import aclosing, asynccontextmanager

import orjson
import pytest
from aiohttp import web
from PIL import Image as Picture

from prism_engine.backends.chat_api import UNREACHABLE_CALLS, ChatApi, probe
from prism_engine.backends.chat_reply import UNNAMED_WAIT
from prism_engine.backends.chat_transport import UnreachableError
from prism_engine.backends.expectation import FEW
from prism_engine.backends.load import Guard, Load
from prism_engine.backends.retry import SPREAD
from prism_engine.chaos.behaviour import Behaviour, Fault
from prism_engine.chaos.limits import Change, RateLimits
from prism_engine.chaos.server import ChaosServer
from prism_engine.config import ApiModel, Limits
from prism_engine.errors import (
    DeadError,
    NotRunError,
    PrismError,
    RejectedError,
    TransientError,
)
from prism_engine.records import Outcome, Sampling
from tests.backends.calls import call_of, image_at
from tests.virtual_time import now, run_virtually

KEY = "sk-planted-0123456789abcdef"
IDLE = "on the wire, head=<Gate {}, 0/1 held, 0 waiting>, 0 timed waits"


@asynccontextmanager
async def backend(server, *, key=None, start=None, **spec):
    api = ChatApi(ApiModel(model="m", base_url=server.base_url, **spec), key, start=start)
    try:
        yield api
    finally:
        await api.aclose()


def play(scenario, behaviour=None, **spec):
    """Run `scenario(api, server)` in virtual time; afterwards nobody may hold or wait for anything."""

    async def main():
        async with ChaosServer(behaviour) as server, backend(server, **spec) as api:
            result = await scenario(api, server)
            assert "<Limiter 0/" in repr(api)
            assert IDLE.format("open") in repr(api) or IDLE.format("closed") in repr(api)
            assert server.stats.in_flight == 0
            return result

    return run_virtually(main())


async def one(api, server):
    return await api.generate(call_of())


def test_a_call_is_answered_with_everything_the_server_said():
    done = play(one, Behaviour(latency=2.0, reply=lambda body: "B, surely."))
    assert (done.outcome, done.text, done.finish_reason, done.model) == (Outcome.OK, "B, surely.", "stop", "m")
    assert done.usage.completion_tokens == 2
    assert done.attempts == 1
    assert done.seconds == pytest.approx(2.0, abs=0.01)


def test_the_request_is_what_the_call_says():
    async def scenario(api, server):
        await api.generate(call_of("Why?", sampling=Sampling(77)))
        return server.bodies

    assert play(scenario) == [
        {"model": "m", "messages": [{"role": "user", "content": "Why?"}], "max_tokens": 77, "temperature": 0.0}
    ]


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.RESET, Fault.TORN, Fault.RATE_LIMIT, Fault.HANG])
def test_what_may_pass_is_tried_again(fault):
    async def scenario(api, server):
        done = await api.generate(call_of())
        return done, server.stats.received

    done, received = play(scenario, Behaviour(faults=(fault, fault)), timeout=30)
    assert (done.outcome, done.attempts, received) == (Outcome.OK, 3, 3)
    assert done.seconds < 1


def test_a_hanging_request_is_abandoned_at_the_timeout_and_succeeds_when_repeated():
    async def scenario(api, server):
        started = now()
        done = await api.generate(call_of())
        return done, now() - started

    done, seconds = play(scenario, Behaviour(faults=(Fault.HANG,)), timeout=120)
    assert done.attempts == 2
    assert 120 <= seconds <= 122.5


def test_attempts_are_bounded():
    async def scenario(api, server):
        with pytest.raises(TransientError, match="HTTP 500"):
            await api.generate(call_of())
        return server.stats.received

    assert play(scenario, Behaviour(faults=(Fault.SERVER_ERROR,), repeat=True), attempts=4) == 4


def test_a_rejected_call_is_sent_once_and_the_next_one_is_fine():
    async def scenario(api, server):
        with pytest.raises(RejectedError, match="maximum context length is 8 tokens"):
            await api.generate(call_of())
        assert (await api.generate(call_of())).outcome is Outcome.OK
        return server.stats.received

    assert play(scenario, Behaviour(faults=(Fault.BAD_REQUEST,))) == 2


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(Fault.EMPTY, Outcome.EMPTY), (Fault.FILTERED, Outcome.REFUSED), (Fault.CUT, Outcome.TRUNCATED)],
)
def test_an_unusable_answer_is_an_outcome_and_no_reason_to_ask_again(fault, outcome):
    async def scenario(api, server):
        return await api.generate(call_of()), server.stats.received

    done, received = play(scenario, Behaviour(faults=(fault,)))
    assert (done.outcome, received) == (outcome, 1)


def test_a_refused_key_is_the_end_after_one_request():
    async def scenario(api, server):
        for _ in range(3):
            with pytest.raises(DeadError, match=r"key refused.*MY_KEY"):
                await api.generate(call_of())
        return server.stats.received

    assert play(scenario, Behaviour(key="another"), key=KEY, api_key_env="MY_KEY") == 1


def test_a_death_reaches_the_calls_that_wait_and_nothing_more_is_sent():
    async def scenario(api, server):
        calls = (api.generate(call_of(str(n))) for n in range(20))
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, DeadError) for result in results)
        return server.stats.received

    assert play(scenario, Behaviour(key="another"), limits=Limits(concurrency=1)) == 1


def test_the_key_is_sent_as_a_bearer_token():
    async def scenario(api, server):
        assert (await api.generate(call_of())).outcome is Outcome.OK
        return server.stats.unauthorized

    assert play(scenario, Behaviour(key=KEY), key=KEY) == 0


def free_port():
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        return probe_socket.getsockname()[1]


def test_an_address_where_nobody_ever_answered_is_a_dead_server():
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
        port = free_port()
        url = f"http://127.0.0.1:{port}/v1"
        spec = ApiModel(model="m", base_url=url, attempts=2, outage_patience=0)
        async with aclosing(ChatApi(spec, None)) as api:
            async with ChaosServer(port=port):
                await api.generate(call_of())
            for _ in range(UNREACHABLE_CALLS - 1):
                with pytest.raises(TransientError):
                    await api.generate(call_of())
            with pytest.raises(DeadError, match="server down"):
                await api.generate(call_of())

    run_virtually(main())


def test_a_server_that_goes_away_and_comes_back_is_waited_for_however_few_attempts_a_call_has():
    async def main():
        port = free_port()
        url = f"http://127.0.0.1:{port}/v1"
        spec = ApiModel(model="m", base_url=url, attempts=1, limits=Limits(concurrency=4))
        async with aclosing(ChatApi(spec, None)) as api:
            async with ChaosServer(port=port):
                await api.generate(call_of())
            calls = [asyncio.create_task(api.generate(call_of(str(n)))) for n in range(30)]
            await asyncio.sleep(600)
            failed = [call.exception() for call in calls if call.done()]
            assert len(failed) < 12
            assert all(type(error) is UnreachableError for error in failed)
            async with ChaosServer(port=port):
                await asyncio.gather(*calls, return_exceptions=True)
            assert sum(call.exception() is None for call in calls) == 30 - len(failed)

    run_virtually(main())


def test_an_answer_in_between_forgives_the_calls_that_found_nobody():
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


def test_retry_after_is_honoured_by_the_call_and_by_all_others():
    times = []

    def reply(body):
        times.append(now())
        if len(times) == 1:
            return web.json_response({"error": {"message": "slow"}}, status=429, headers={"Retry-After": "7"})
        return "Fine."

    async def scenario(api, server):
        first = asyncio.create_task(api.generate(call_of()))
        await asyncio.sleep(1)
        others = [asyncio.create_task(api.generate(call_of(str(n)))) for n in range(5)]
        done = await first
        await asyncio.gather(*others)
        return done

    assert play(scenario, Behaviour(reply=reply)).attempts == 2
    assert 7.0 <= times[1] - times[0] < 8.5
    assert min(times[1:]) - times[0] >= 7.0
    assert len(times) == 7


def test_a_quota_per_minute_that_names_no_time_is_outlived():
    async def scenario(api, server):
        await api.generate(call_of("the one of this minute"))
        started = now()
        done = await api.generate(call_of("one too many"))
        return done, now() - started

    done, seconds = play(scenario, Behaviour(rate_limit=1))
    assert (done.outcome, done.attempts) == (Outcome.OK, 5)
    assert 60 <= seconds <= 4 * (UNNAMED_WAIT + SPREAD)


def test_a_rate_limit_that_names_no_time_is_waited_out_by_everybody():
    times = []

    def reply(body):
        times.append(now())
        return web.json_response({"error": {"message": "slow"}}, status=429) if len(times) == 1 else "Fine."

    async def scenario(api, server):
        await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(5)))

    play(scenario, Behaviour(reply=reply), limits=Limits(concurrency=1))
    assert len(times) == 6
    assert min(times[1:]) - times[0] >= UNNAMED_WAIT


def test_no_more_requests_are_on_the_wire_than_allowed():
    async def scenario(api, server):
        assert api.capacity == 3
        await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(40)))
        return server.stats

    stats = play(scenario, Behaviour(latency=1.0), limits=Limits(concurrency=3))
    assert (stats.most_in_flight, stats.completed) == (3, 40)
    assert set(stats.hits.values()) == {1}


@pytest.mark.parametrize("rate", [30, 119, 600])
def test_a_server_with_the_same_strict_limit_never_has_to_say_429(rate):
    async def scenario(api, server):
        started = now()
        await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(2 * rate)))
        assert server.stats.rate_limited == 0
        return 2 * rate / (now() - started) * 60

    behaviour = Behaviour(latency=0.5, rate_limit=rate)
    assert play(scenario, behaviour, limits=Limits(requests_per_minute=rate, concurrency=50)) > 0.95 * rate


def test_a_stricter_server_is_followed_until_all_is_done():
    async def scenario(api, server):
        results = await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(60)))
        assert {done.outcome for done in results} == {Outcome.OK}
        return server.stats

    stats = play(scenario, Behaviour(rate_limit=20, retry_after="60"), attempts=20, limits=Limits(concurrency=4))
    assert stats.completed == 60
    assert 0 < stats.rate_limited <= 4 * 3  # once per call that was on the wire, per minute


def flood(count):
    async def scenario(api, server):
        started = now()
        calls = (api.generate(call_of(str(n), sampling=Sampling(200))) for n in range(count))
        results = await asyncio.gather(*calls)
        assert {done.outcome for done in results} == {Outcome.OK}
        return server.stats.rate_limited, now() - started

    return scenario


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        (RateLimits(requests_per_minute=300), 300),
        (RateLimits(requests_per_minute=300, burst=5.0), 300),
        (RateLimits(tokens_per_minute=60_000), 280),
        (RateLimits(tokens_per_minute=60_000, count="used", burst=20.0), 2000),
    ],
)
def test_a_server_whose_headers_tell_its_limit_never_has_to_say_429(limits, most):
    refused, seconds = play(flood(900), Behaviour(latency=0.3, limits=limits))
    assert refused == 0
    assert seconds <= 60 * (900 / most - limits.burst / 60) * 1.05 + 3


def test_processes_that_share_a_key_and_know_no_limit_never_make_the_server_say_429(tmp_path):
    async def main():
        async with ChaosServer(
            Behaviour(latency=0.3, limits=RateLimits(requests_per_minute=300, burst=20.0))
        ) as server:
            spec = ApiModel(model="m", base_url=server.base_url)
            apis = [ChatApi(spec, KEY, quotas=tmp_path / "cache" / "limits.sqlite") for _ in range(3)]
            for api in (*apis, *apis):
                await api.generate(call_of())
                await asyncio.sleep(1)
            started = now()
            await asyncio.gather(*(flood(300)(api, server) for api in apis))
            for api in apis:
                await api.aclose()
            return server.stats.rate_limited, now() - started

    refused, seconds = run_virtually(main())
    assert refused == 0
    assert seconds <= (900 - 100) / 5 * 1.05


def test_limits_that_are_halved_while_it_runs_are_followed():
    limits = RateLimits(requests_per_minute=600, changes=(Change(0.5, after_seconds=30),))
    refused, seconds = play(flood(1200), Behaviour(latency=0.3, limits=limits), limits=Limits(requests_per_minute=600))
    assert refused <= 5
    assert seconds <= 30 + (1200 - 300) / 5 * 1.05


def test_tokens_are_reserved_and_what_was_not_used_is_given_back():
    async def scenario(api, server):
        started = now()
        await asyncio.gather(*(api.generate(call_of(str(n), sampling=Sampling(900))) for n in range(FEW)))
        assert "/1300 tokens" in repr(api)
        return now() - started, server.stats.most_in_flight

    seconds, at_once = play(scenario, Behaviour(latency=1.0), limits=Limits(tokens_per_minute=1300))
    assert at_once == 1  # two worst cases do not fit
    assert seconds < FEW + 1  # but one use after the other does


def test_once_replies_are_known_to_be_short_more_are_on_the_wire_than_worst_cases_would_fit():
    async def scenario(api, server):
        await asyncio.gather(*(api.generate(call_of(str(n), sampling=Sampling(900))) for n in range(30)))
        return server.stats.most_in_flight

    assert play(scenario, Behaviour(latency=1.0), limits=Limits(tokens_per_minute=1300)) > 5


@pytest.mark.parametrize("usage", [Fault.USAGE_MISSING, Fault.USAGE_ZERO, Fault.USAGE_NEGATIVE, Fault.USAGE_ABSURD])
def test_a_use_that_is_not_told_or_cannot_be_counts_as_the_worst_case(usage):
    async def scenario(api, server):
        started = now()
        for number in range(3):
            await api.generate(call_of(str(number), sampling=Sampling(500)))
        return now() - started

    behaviour = Behaviour(faults=(usage,), repeat=True)
    assert play(scenario, behaviour, limits=Limits(tokens_per_minute=1100)) > 60


def test_draining_lets_requests_on_the_wire_complete_and_turns_the_others_away():
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


def test_draining_ends_the_wait_for_another_attempt():
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


def test_a_picture_arrives_with_identical_bytes(tmp_path):
    path = tmp_path / "noise.png"
    Picture.frombytes("RGB", (700, 700), os.urandom(700 * 700 * 3)).save(path)  # more than a megabyte

    async def main():
        async with ChaosServer() as server, backend(server) as api:
            done = await api.generate(call_of(image_at(path), "What is this?"))
            assert done.outcome is Outcome.OK
            return server.bodies

    (body,) = asyncio.run(main())
    url = body["messages"][0]["content"][0]["image_url"]["url"]
    assert base64.b64decode(url.removeprefix("data:image/png;base64,"), validate=True) == path.read_bytes()


def test_a_redirect_is_not_followed():
    def reply(body):
        return web.Response(status=307, headers={"Location": "http://127.0.0.1:9/v1/chat/completions"})

    async def scenario(api, server):
        with pytest.raises(DeadError, match="redirects"):
            await api.generate(call_of())

    play(scenario, Behaviour(reply=reply), key=KEY)


def test_a_body_that_ends_early_is_tried_again():
    cut = iter([True, False])

    def reply(body):
        if next(cut):
            return web.Response(body=b"not gzip", headers={"Content-Encoding": "gzip"})
        return "Fine."

    assert play(one, Behaviour(reply=reply)).attempts == 2


class Starter:
    """Starts nothing, slowly, and counts."""

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


async def test_closing_a_backend_never_used_is_fine():
    api = ChatApi(ApiModel(model="m"), None)
    await api.aclose()
    await api.aclose()


def echo(status, **headers):
    """Answer with the key, as careless servers do."""

    def reply(body):
        text = f"your key {KEY} is in every field"
        error = {"message": text, "code": text, "type": text}
        message = {"content": text, "reasoning": text, "refusal": None}
        whole = {"error": error, "model": text, "choices": [{"message": message, "finish_reason": text}]}
        return web.Response(body=orjson.dumps(whole), status=status, headers=headers)

    return Behaviour(reply=reply)


def everything_said(error):
    """An error with all that hangs on it, as any log or crash report might print it."""
    said = ["".join(traceback.format_exception(error))]
    while error is not None:
        said += [str(error), repr(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(said)


@pytest.mark.parametrize("status", [200, 301, 400, 401, 402, 404, 429, 500])
def test_the_key_shows_up_nowhere(status, caplog):
    async def scenario(api, server):
        try:
            said = repr(await api.generate(call_of()))
        except PrismError as error:
            said = everything_said(error)
        return said + repr(api) + str(vars(api))

    with caplog.at_level(logging.DEBUG):
        said = play(scenario, echo(status), key=KEY, attempts=2)
    assert KEY not in said
    assert KEY not in caplog.text
    assert status == 301 or "***" in said


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + KEY.encode(), b"HTTP/9 " + KEY.encode() + b"\r\n\r\n", b""],
)
async def test_the_key_does_not_hang_on_errors_of_the_http_client(answer, caplog):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    api = ChatApi(ApiModel(model="m", base_url=f"http://127.0.0.1:{port}", attempts=1), KEY)
    with caplog.at_level(logging.DEBUG), pytest.raises(TransientError) as caught:
        await api.generate(call_of())
    await api.aclose()
    server.close()
    await server.wait_closed()
    gc.collect()
    assert KEY not in everything_said(caught.value) + caplog.text


def test_a_placeholder_instead_of_a_key_is_not_taken_out_of_replies():
    assert play(one, Behaviour(reply=lambda body: "EMPTY it is."), key="EMPTY").text == "EMPTY it is."


async def test_a_url_with_a_password_is_shown_without_it():
    api = ChatApi(ApiModel(model="m", attempts=1), KEY, base_url="http://user:hunter2@127.0.0.1:9/v1")
    with pytest.raises(DeadError) as caught:
        await api.generate(call_of())
    assert "hunter2" not in everything_said(caught.value) + repr(api)
    await api.aclose()


async def test_probing_lists_the_models():
    async with ChaosServer(Behaviour(key=KEY)) as server:
        spec = ApiModel(model="m", base_url=server.base_url)
        assert await probe(spec, KEY) == ["chaos"]
        with pytest.raises(DeadError, match="key refused"):
            await probe(spec, None)
    with pytest.raises(TransientError):
        await probe(spec, KEY)


def outage(begin, end, answered=None):
    """Answer with HTTP 500 between two moments; the time of every request is noted."""
    times = [] if answered is None else answered

    def reply(body):
        times.append(now())
        if begin <= now() - times[0] < end:
            return web.json_response({"error": {"message": "all is broken"}}, status=500)
        return "Fine."

    return Behaviour(latency=1.0, reply=reply)


def test_an_outage_is_sat_out_with_a_probe_now_and_then_and_no_call_is_given_up():
    times = []

    async def scenario(api, server):
        results = await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(200)))
        assert {done.outcome for done in results} == {Outcome.OK}
        return now() - times[0]

    seconds = play(scenario, outage(3, 1800, times), limits=Limits(concurrency=16), attempts=3)
    down = [at - times[0] for at in times if 3 <= at - times[0] < 1800]
    assert len(down) <= 16 + 6 + 1800 / 60  # what was on the wire, the first quick probes, then one a minute
    assert 1800 <= seconds <= 1800 + 60 + 60 + 200 / 16 + 5  # the next probe, waits for another attempt


def test_hours_of_outage_do_not_use_up_the_attempts_of_the_few_calls_that_there_are():
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
        assert re.search(r"nothing but errors for 1[01] minutes .*HTTP 500: all is broken", str(dead[0]))
        return server.stats.received

    assert play(scenario, outage(5, 10**9), limits=Limits(concurrency=16), outage_patience=600) <= 16 * 5 + 16 + 20


def test_draining_ends_an_outage_at_once():
    async def scenario(api, server):
        tasks = [asyncio.create_task(api.generate(call_of(str(n)))) for n in range(100)]
        await asyncio.sleep(200)
        assert api.load.waiting_for is Guard.OUTAGE
        api.drain()
        started = now()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert now() - started <= 1
        assert {type(result) for result in results if isinstance(result, Exception)} == {NotRunError}

    play(scenario, outage(2, 10**9), limits=Limits(concurrency=16), outage_patience=None)


def test_calls_that_fail_whatever_happens_are_no_outage():
    def reply(body):
        bad = "bad" in body["messages"][0]["content"]
        return web.json_response({"error": {"message": "no"}}, status=500) if bad else "Fine."

    async def scenario(api, server):
        texts = [f"{'bad' if n % 10 == 0 else 'good'} {n}" for n in range(100)]
        for _ in range(2):  # the second time only those that failed, as the later rounds of a run
            results = await asyncio.gather(*(api.generate(call_of(text)) for text in texts), return_exceptions=True)
            texts = [text for text, done in zip(texts, results, strict=True) if isinstance(done, TransientError)]
            assert len(texts) == 10
        return server.stats.received

    assert play(scenario, Behaviour(latency=1.0, reply=reply), attempts=3) == 90 + 10 * 3 * 2


def test_a_key_that_is_revoked_in_the_middle_is_the_end_for_what_is_on_the_wire_and_all_others():
    async def scenario(api, server):
        calls = (api.generate(call_of(str(n))) for n in range(300))
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(result) for result in results if isinstance(result, Exception)} == {DeadError}
        assert sum(not isinstance(result, Exception) for result in results) == 100
        return server.stats.received

    behaviour = Behaviour(latency=1.0, key=KEY, revoke_after=100)
    assert play(scenario, behaviour, key=KEY, limits=Limits(concurrency=16)) <= 100 + 16


def test_a_backend_says_how_much_of_each_limit_is_in_use_and_what_the_next_call_waits_for():
    async def scenario(api, server):
        tasks = [asyncio.create_task(api.generate(call_of(str(n), sampling=Sampling(10)))) for n in range(60)]
        await asyncio.sleep(30)
        load = api.load
        await asyncio.gather(*tasks)
        assert api.load.waiting_for is None
        return load

    load = play(scenario, limits=Limits(requests_per_minute=40, tokens_per_minute=60_000, concurrency=8))
    assert load.waiting_for is Guard.REQUESTS
    assert load.limits["requests_per_minute"] in [(used, 40) for used in (19, 20, 21)]
    assert (load.limits["concurrency"].used, load.limits["concurrency"].limit) == (0, 8)
    assert 0 < load.limits["tokens_per_minute"].used < 3000


def test_outside_of_the_event_loop_nothing_is_waited_for():
    assert ChatApi(ApiModel(model="m", limits=Limits(requests_per_minute=3)), None).load == Load()


@pytest.mark.parametrize(
    ("limits", "guard"),
    [
        (Limits(concurrency=2), Guard.CONCURRENCY),
        (Limits(tokens_per_minute=100), Guard.TOKENS),
        (Limits(requests_per_minute=1), Guard.REQUESTS),
    ],
)
def test_what_the_next_call_waits_for_has_a_name(limits, guard):
    async def scenario(api, server):
        tasks = [asyncio.create_task(api.generate(call_of(str(n), sampling=Sampling(60)))) for n in range(4)]
        await asyncio.sleep(1)
        guards = api.load.waiting_for
        await asyncio.gather(*tasks)
        return guards

    assert play(scenario, Behaviour(latency=5.0), limits=limits) is guard
