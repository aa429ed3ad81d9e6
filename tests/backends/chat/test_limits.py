"""Limits of the API backend: configured, reported by the server, or found by 429s."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from prism_engine.backends.chat.api import ChatApi
from prism_engine.backends.limits.expectation import MIN_REPLIES
from prism_engine.backends.limits.unnamed_wait import FIRST_WAIT
from prism_engine.backends.load import Load, WaitReason
from prism_engine.chaos.behaviour import Behaviour, Fault
from prism_engine.chaos.rate_limits import LimitChange, RateLimits
from prism_engine.chaos.server import ChaosServer
from prism_engine.config import ApiModel, Limits
from prism_engine.records import Outcome, Sampling
from tests.backends.calls import call_of
from tests.backends.playing import KEY, play
from tests.virtual_time import now, run_virtually


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
    assert done.outcome is Outcome.OK
    assert done.attempts <= 8
    assert 60 <= seconds <= 120


def test_a_rate_limit_that_names_no_time_is_waited_out_by_all_calls():
    times = []

    def reply(body):
        times.append(now())
        return web.json_response({"error": {"message": "slow"}}, status=429) if len(times) == 1 else "Fine."

    async def scenario(api, server):
        await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(5)))

    play(scenario, Behaviour(reply=reply), limits=Limits(concurrency=1))
    assert len(times) == 6
    assert FIRST_WAIT <= min(times[1:]) - times[0] <= 2 * FIRST_WAIT


def test_ten_stray_rate_limits_cost_ten_seconds_not_minutes():
    async def scenario(api, server):
        started = now()
        await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(500)))
        assert server.stats.rate_limited + server.stats.by_fault.get("429", 0) >= 10
        return now() - started

    faults = (*(None,) * 49, Fault.RATE_LIMIT)
    assert play(scenario, Behaviour(latency=0.3, faults=faults, repeat=True)) <= 10 * 2 * FIRST_WAIT + 15


def test_no_more_requests_are_in_flight_than_allowed():
    async def scenario(api, server):
        assert api.capacity == 3
        await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(40)))
        return server.stats

    stats = play(scenario, Behaviour(latency=1.0), limits=Limits(concurrency=3))
    assert (stats.most_in_flight, stats.completed) == (3, 40)
    assert set(stats.hits.values()) == {1}


@pytest.mark.parametrize("rate", [30, 119, 600])
def test_a_server_with_the_same_strict_limit_never_has_to_return_429(rate):
    async def scenario(api, server):
        started = now()
        await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(2 * rate)))
        assert server.stats.rate_limited == 0
        return 2 * rate / (now() - started) * 60

    behaviour = Behaviour(latency=0.5, rate_limit=rate)
    assert play(scenario, behaviour, limits=Limits(requests_per_minute=rate, concurrency=50)) > 0.95 * rate


def test_a_stricter_server_is_followed_until_all_calls_are_done():
    async def scenario(api, server):
        results = await asyncio.gather(*(api.generate(call_of(str(n))) for n in range(60)))
        assert {done.outcome for done in results} == {Outcome.OK}
        return server.stats

    stats = play(scenario, Behaviour(rate_limit=20, retry_after="60"), attempts=20, limits=Limits(concurrency=4))
    assert stats.completed == 60
    assert 0 < stats.rate_limited <= 4 * 3  # once per call in flight, per minute


def flood(count):
    async def scenario(api, server):
        started = now()
        calls = (api.generate(call_of(str(n), sampling=Sampling(200))) for n in range(count))
        results = await asyncio.gather(*calls)
        assert {done.outcome for done in results} == {Outcome.OK}
        return server.stats.rate_limited, now() - started

    return scenario


@pytest.mark.parametrize(
    ("limits", "per_minute"),
    [
        (RateLimits(requests_per_minute=300), 300),
        (RateLimits(requests_per_minute=300, burst=5.0), 300),
        (RateLimits(tokens_per_minute=60_000), 280),
        (RateLimits(tokens_per_minute=60_000, count="used", burst=20.0), 2000),
    ],
)
def test_a_server_whose_headers_report_its_limit_never_has_to_return_429(limits, per_minute):
    refused, seconds = play(flood(900), Behaviour(latency=0.3, limits=limits))
    assert refused == 0
    assert seconds <= 60 * (900 / per_minute - limits.burst / 60) * 1.05 + 3


def test_processes_that_share_a_key_and_know_no_limit_never_cause_a_429(tmp_path):
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
    limits = RateLimits(requests_per_minute=600, changes=(LimitChange(0.5, after_seconds=30),))
    refused, seconds = play(flood(1200), Behaviour(latency=0.3, limits=limits), limits=Limits(requests_per_minute=600))
    assert refused <= 5
    assert seconds <= 30 + (1200 - 300) / 5 * 1.05


def test_tokens_are_reserved_and_the_unused_ones_released():
    async def scenario(api, server):
        started = now()
        await asyncio.gather(*(api.generate(call_of(str(n), sampling=Sampling(900))) for n in range(MIN_REPLIES)))
        assert "/1300 tokens" in repr(api)
        return now() - started, server.stats.most_in_flight

    seconds, at_once = play(scenario, Behaviour(latency=1.0), limits=Limits(tokens_per_minute=1300))
    assert at_once == 1  # two worst cases do not fit
    assert seconds < MIN_REPLIES + 1  # but the actual usages do, one after the other


def test_once_replies_are_known_to_be_short_more_are_in_flight_than_worst_cases_would_fit():
    async def scenario(api, server):
        await asyncio.gather(*(api.generate(call_of(str(n), sampling=Sampling(900))) for n in range(30)))
        return server.stats.most_in_flight

    assert play(scenario, Behaviour(latency=1.0), limits=Limits(tokens_per_minute=1300)) > 5


@pytest.mark.parametrize("usage", [Fault.USAGE_MISSING, Fault.USAGE_ZERO, Fault.USAGE_NEGATIVE, Fault.USAGE_ABSURD])
def test_missing_or_implausible_usage_counts_as_the_worst_case(usage):
    async def scenario(api, server):
        started = now()
        for number in range(3):
            await api.generate(call_of(str(number), sampling=Sampling(500)))
        return now() - started

    behaviour = Behaviour(faults=(usage,), repeat=True)
    assert play(scenario, behaviour, limits=Limits(tokens_per_minute=1100)) > 60


def test_a_backend_reports_its_usage_of_each_limit_and_what_the_next_call_waits_for():
    async def scenario(api, server):
        tasks = [asyncio.create_task(api.generate(call_of(str(n), sampling=Sampling(10)))) for n in range(60)]
        await asyncio.sleep(30)
        load = api.load
        await asyncio.gather(*tasks)
        assert api.load.waiting_for is None
        return load

    load = play(scenario, limits=Limits(requests_per_minute=40, tokens_per_minute=60_000, concurrency=8))
    assert load.waiting_for is WaitReason.REQUESTS
    assert load.limits["requests_per_minute"] in [(used, 40) for used in (19, 20, 21)]
    assert (load.limits["concurrency"].used, load.limits["concurrency"].limit) == (0, 8)
    assert 0 < load.limits["tokens_per_minute"].used < 3000


def test_outside_of_the_event_loop_nothing_is_waited_for():
    assert ChatApi(ApiModel(model="m", limits=Limits(requests_per_minute=3)), None).load == Load()


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(concurrency=2), WaitReason.CONCURRENCY),
        (Limits(tokens_per_minute=100), WaitReason.TOKENS),
        (Limits(requests_per_minute=1), WaitReason.REQUESTS),
    ],
)
def test_what_the_next_call_waits_for_has_a_name(limits, reason):
    async def scenario(api, server):
        tasks = [asyncio.create_task(api.generate(call_of(str(n), sampling=Sampling(60)))) for n in range(4)]
        await asyncio.sleep(1)
        reported = api.load.waiting_for
        await asyncio.gather(*tasks)
        return reported

    assert play(scenario, Behaviour(latency=5.0), limits=limits) is reason


def burst(count):
    """Send calls all at once; return the seconds that they took, and the number of refusals."""

    async def scenario(api, server):
        started = now()
        await asyncio.gather(*(api.generate(call_of(str(number))) for number in range(count)))
        return now() - started, server.stats.rate_limited

    return scenario


def test_requests_of_a_minute_are_sent_at_once_where_the_headers_say_that_they_may():
    """The server allows 120 requests at once, and two more per second."""
    behaviour = Behaviour(latency=0.3, limits=RateLimits(requests_per_minute=120))
    seconds, refused = play(burst(120), behaviour, limits=Limits(requests_per_minute=120, concurrency=200))
    assert refused == 0
    assert seconds < 10
    seconds, refused = play(burst(240), behaviour, limits=Limits(requests_per_minute=120, concurrency=200))
    assert refused == 0
    assert 55 < seconds < 75


def test_requests_of_a_minute_are_spread_where_the_server_reports_nothing():
    behaviour = Behaviour(latency=0.3, rate_limit=120)
    seconds, refused = play(burst(120), behaviour, limits=Limits(requests_per_minute=120, concurrency=200))
    assert refused == 0
    assert seconds > 50


def test_a_limit_of_ours_that_is_lower_than_the_server_s_holds_in_a_burst_too():
    behaviour = Behaviour(latency=0.3, limits=RateLimits(requests_per_minute=6000))
    seconds, _ = play(burst(90), behaviour, limits=Limits(requests_per_minute=60, concurrency=200))
    assert 60 <= seconds < 75


def test_after_a_refusal_requests_are_spread_again():
    """A server whose headers promise more than it admits in a short time."""
    faults = (*(None,) * 20, Fault.RATE_LIMIT)
    behaviour = Behaviour(latency=0.3, limits=RateLimits(requests_per_minute=120), faults=faults)
    seconds, _ = play(burst(120), behaviour, limits=Limits(requests_per_minute=120, concurrency=200))
    assert seconds > 30


def test_an_api_without_any_limit_is_widely_used_after_its_first_answers():
    seconds, _ = play(burst(400), Behaviour(latency=1.0), limits=Limits(concurrency=400))
    assert seconds <= 5  # 16, doubled each time, would take six round trips
