"""API keys and limits over HTTP; the limits use a fake clock."""

from __future__ import annotations

import asyncio

import aiohttp

from prism_engine.chaos.behaviour import Behaviour, RetryAfter
from prism_engine.chaos.rate_limits import LimitChange, RateLimits
from prism_engine.chaos.server import ChaosServer
from tests.chaos.client import ask, look
from tests.virtual_time import now, run_virtually


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def limited(clock, **limits):
    behaviour = Behaviour(limits=RateLimits(**limits), retry_after=RetryAfter.SECONDS)
    return ChaosServer(behaviour, clock=clock)


async def test_successful_and_refused_replies_report_what_is_left():
    clock = Clock()
    async with limited(clock, requests_per_minute=2, tokens_per_minute=10_000) as server:
        fine, _, refused = [await ask(server, max_tokens=100) for _ in range(3)]
        assert (fine.status, refused.status) == (200, 429)
        assert fine.headers["x-ratelimit-remaining-requests"] == "1"
        assert fine.headers["x-ratelimit-reset-requests"] == "30s"
        assert fine.headers["x-ratelimit-remaining-tokens"] == str(10_000 - 9 - 100)
        assert refused.headers["x-ratelimit-remaining-requests"] == "0"
        assert refused.headers["Retry-After"] == "30"
        assert refused.json["error"]["code"] == "rate_limit_exceeded"
        assert "try again in 30s" in refused.json["error"]["message"]
        clock.now += 30
        assert (await ask(server, max_tokens=100)).status == 200
        assert server.stats.rate_limited == 1


async def test_a_request_takes_its_output_limit_unless_actual_usage_counts():
    for count, left in (("reserved", 1000 - 9 - 500), ("used", 1000 - 9 - 4)):
        async with limited(Clock(), tokens_per_minute=1000, count=count) as server:
            answer = await ask(server, max_tokens=500)
            assert answer.headers["x-ratelimit-remaining-tokens"] == str(left)


async def test_a_request_larger_than_the_limit_is_refused_without_a_time():
    async with limited(Clock(), tokens_per_minute=100) as server:
        answer = await ask(server, max_tokens=500)
        assert (answer.status, "Retry-After" in answer.headers) == (429, False)
        assert "too large: 509 tokens" in answer.json["error"]["message"]


def test_a_burst_of_clients_gets_the_bucket_and_then_its_refill():
    async def play():
        limits = RateLimits(requests_per_minute=60, burst=10, changes=(LimitChange(after_seconds=25),))
        async with ChaosServer(Behaviour(limits=limits)) as server:
            started, passed = now(), []
            for second in range(50):
                await asyncio.sleep(started + second - now())
                answers = await asyncio.gather(ask(server), ask(server))
                passed.append(sum(answer.status == 200 for answer in answers))
            return passed

    passed = run_virtually(play())
    assert set(passed[:9]) == {2}  # while the bucket lasts
    assert set(passed[11:25]) == {1}  # then the refill
    assert 9 <= sum(passed[28:48]) <= 11  # and half of it after the change


async def test_a_revoked_key_is_refused_from_then_on():
    async with ChaosServer(Behaviour(key="k", revoke_after=3)) as server:
        assert [(await ask(server, key="k")).status for _ in range(5)] == [200, 200, 200, 401, 401]
        assert server.stats.unauthorized == 2
        assert server.bill.calls == 3
        headers = {"Authorization": "Bearer k"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{server.base_url}/models") as answer,
        ):
            assert answer.status == 401
        assert (await look(server, "/stats"))["unauthorized"] == 3


async def test_without_a_key_any_can_be_revoked():
    async with ChaosServer(Behaviour(revoke_after=1)) as server:
        assert [(await ask(server)).status for _ in range(2)] == [200, 401]
