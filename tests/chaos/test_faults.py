"""Each fault as seen by a plain client, and its cost."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import aiohttp
import orjson
import pytest

from prism_engine.chaos.behaviour import Behaviour, Fault, RandomFaults, RetryAfter
from prism_engine.chaos.bill import Prices
from prism_engine.chaos.server import ChaosServer
from tests.chaos.client import ask, body_of, look
from tests.virtual_time import now, run_virtually

PRICES = Prices(Decimal("0.15"), Decimal("0.6"))
STATUSES = [
    (Fault.SERVER_ERROR, 500),
    (Fault.BAD_GATEWAY, 502),
    (Fault.UNAVAILABLE, 503),
    (Fault.OVERLOADED, 529),
    (Fault.BAD_REQUEST, 400),
    (Fault.RATE_LIMIT, 429),
]


def served(*faults, **behaviour):
    return ChaosServer(Behaviour(faults=faults, prices=PRICES, **behaviour))


@pytest.mark.parametrize(("fault", "status"), STATUSES)
async def test_errors_have_openais_body_and_cost_nothing(fault, status):
    async with served(fault) as server:
        answer = await ask(server)
        assert answer.status == status
        assert answer.json["error"]["message"]
        assert server.bill.calls == 0
        assert (await ask(server)).status == 200
        assert server.bill.calls == 1
        assert server.stats.by_fault == {fault: 1}


async def test_a_proxy_s_page_is_html_and_costs_nothing():
    async with served(Fault.HTML) as server:
        answer = await ask(server)
        assert (answer.status, answer.headers["Content-Type"][:9]) == (502, "text/html")
        assert answer.raw.startswith(b"<html>")
        assert server.bill.calls == 0


async def test_a_429_without_a_limit_names_its_time_as_configured():
    async with served(Fault.RATE_LIMIT, Fault.RATE_LIMIT, retry_after=RetryAfter.MIXED) as server:
        assert (await ask(server)).headers["Retry-After"] == "1"
        assert "GMT" in (await ask(server)).headers["Retry-After"]


@pytest.mark.parametrize(
    ("fault", "finish", "blank"),
    [(Fault.EMPTY, "stop", True), (Fault.FILTERED, "content_filter", True), (Fault.CUT, "length", False)],
)
async def test_unusable_completions_are_sent_whole_and_billed(fault, finish, blank):
    async with served(fault) as server:
        answer = await ask(server)
        (choice,) = answer.json["choices"]
        assert (answer.status, choice["finish_reason"], answer.text == "") == (200, finish, blank)
        assert (server.bill.calls, server.stats.completed) == (1, 1)
        assert server.bill.completion_tokens == (0 if blank else 4)


@pytest.mark.parametrize(
    ("fault", "claimed"),
    [
        (Fault.USAGE_ZERO, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}),
        (Fault.USAGE_MISSING, None),
        (Fault.USAGE_NEGATIVE, {"prompt_tokens": -9, "completion_tokens": -1, "total_tokens": -10}),
        (Fault.USAGE_ABSURD, {"prompt_tokens": 10**15, "completion_tokens": 10**15, "total_tokens": 2 * 10**15}),
    ],
)
async def test_wrong_usage_is_claimed_but_actual_usage_is_billed(fault, claimed):
    async with served(fault, None) as server:
        assert (await ask(server)).json.get("usage") == claimed
        usage = (await ask(server)).json["usage"]
        assert server.bill.prompt_tokens == 2 * usage["prompt_tokens"] == 18
        assert server.bill.completion_tokens == 2 * usage["completion_tokens"] == 8
        assert server.stats.tokens == 26


async def test_torn_and_reset_responses_are_billed_all_the_same():
    async with served(Fault.TORN, Fault.RESET) as server:
        answer = await ask(server)
        assert answer.status == 200
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(answer.raw)
        with pytest.raises(aiohttp.ClientError):
            await ask(server)
        await ask(server)
        bill = await look(server, "/bill")
        assert (bill["calls"], bill["paid_again"], server.stats.completed) == (3, 2, 1)
        assert bill["nano_dollars"] == 3 * (9 * 150 + 4 * 600)
        assert list(bill["requests"].values()) == [3]


def test_a_slow_first_byte_comes_at_last_with_the_whole_answer():
    async def play():
        async with served(Fault.SLOW, latency=1.0, slow=7.0) as server, aiohttp.ClientSession() as session:
            started = now()
            async with session.post(f"{server.base_url}/chat/completions", json=body_of()) as answer:
                first = now() - started
                whole = await answer.json()
            assert whole["choices"][0]["finish_reason"] == "stop"
            return first

    assert run_virtually(play()) == pytest.approx(8.0, abs=0.01)


def test_a_client_that_gives_up_pays_for_what_is_computed_without_it():
    async def play():
        async with served(Fault.HANG, latency=2.0) as server:
            for patience in (100, 1):  # in a hang; before an answer that would have come
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(ask(server), patience)
            await asyncio.sleep(1)
            assert (server.stats.abandoned, server.stats.in_flight, server.stats.completed) == (2, 0, 0)
            assert server.bill.calls == 2

    run_virtually(play())


async def test_random_faults_hit_the_same_requests_each_time():
    kinds = (Fault.SERVER_ERROR, Fault.UNAVAILABLE, Fault.EMPTY)
    seen = []
    for _ in range(2):
        async with ChaosServer(Behaviour(random=RandomFaults(0.4, kinds, seed=5))) as server:
            seen.append([(await ask(server, str(n))).status for n in range(30)])
            assert sum(server.stats.by_fault.values()) == server.stats.faults
            assert set(server.stats.by_fault) <= set(kinds)
    assert seen[0] == seen[1]
    assert {200, 500, 503} == set(seen[0])
