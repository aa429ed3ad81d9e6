from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import urllib.request

import aiohttp
import orjson
import pytest
from aiohttp import web

from prism_engine.chaos.behaviour import Behaviour, Fault
from prism_engine.chaos.server import ChaosServer
from tests.virtual_time import now, run_virtually


def body_of(text="Hello?"):
    return {"model": "m", "messages": [{"role": "user", "content": text}]}


async def post(server, text="Hello?", **headers):
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{server.base_url}/chat/completions", json=body_of(text)) as answer,
    ):
        return answer.status, answer.headers, await answer.read()


async def stats_of(server):
    url = server.base_url.removesuffix("/v1") + "/stats"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return orjson.loads(await answer.read())


async def test_it_names_an_option_always_the_same_for_the_same_question():
    async with ChaosServer() as server:
        texts = []
        for _ in range(2):
            replies = [orjson.loads((await post(server, str(n)))[2]) for n in range(20)]
            texts.append([reply["choices"][0]["message"]["content"] for reply in replies])
    assert texts[0] == texts[1]
    assert {text.split()[-1] for text in texts[0]} == {"A.", "B.", "C.", "D."}
    assert replies[0]["usage"]["total_tokens"] > 0


async def test_it_counts_exactly_what_it_received_and_gave():
    async with ChaosServer(Behaviour(faults=(None, Fault.SERVER_ERROR))) as server:
        for text in ("a", "b", "a", "c"):
            await post(server, text)
        stats = await stats_of(server)
        assert [body["messages"][0]["content"] for body in server.bodies] == ["a", "b", "a", "c"]
    assert (stats["received"], stats["completed"], stats["faults"], stats["in_flight"]) == (4, 3, 1, 0)
    assert sorted(stats["hits"].values()) == [1, 2]
    assert stats["tokens"] > 0


async def test_a_wrong_key_is_refused_everywhere():
    async with ChaosServer(Behaviour(key="right")) as server:
        assert (await post(server))[0] == 401
        assert (await post(server, Authorization="Bearer wrong"))[0] == 401
        assert (await post(server, Authorization="Bearer right"))[0] == 200
        async with aiohttp.ClientSession() as session, session.get(f"{server.base_url}/models") as answer:
            assert answer.status == 401
        assert server.stats.unauthorized == 3
        assert server.stats.completed == 1


def test_its_rate_limit_is_a_strict_sliding_window():
    async def play():
        async with ChaosServer(Behaviour(rate_limit=2, rate_window=10, retry_after="7")) as server:
            started, seen = now(), []
            for at in (0, 6, 9, 11, 12, 17):
                await asyncio.sleep(started + at - now())
                status, headers, _ = await post(server)
                seen.append((status, headers.get("Retry-After")))
            assert server.stats.rate_limited == 2
            return seen

    fine, refused = (200, None), (429, "7")
    assert run_virtually(play()) == [fine, fine, refused, fine, refused, fine]


@pytest.mark.parametrize(
    ("fault", "status"),
    [(Fault.SERVER_ERROR, 500), (Fault.BAD_REQUEST, 400), (Fault.RATE_LIMIT, 429)],
)
async def test_faults_are_http_errors_with_openais_body(fault, status):
    async with ChaosServer(Behaviour(faults=(fault,))) as server:
        seen, _, raw = await post(server)
        assert seen == status
        assert orjson.loads(raw)["error"]["message"]
        assert (await post(server))[0] == 200


@pytest.mark.parametrize(
    ("fault", "finish", "blank"),
    [(Fault.EMPTY, "stop", True), (Fault.FILTERED, "content_filter", True), (Fault.CUT, "length", False)],
)
async def test_faults_may_be_completions_of_no_use(fault, finish, blank):
    async with ChaosServer(Behaviour(faults=(fault,))) as server:
        status, _, raw = await post(server)
    (choice,) = orjson.loads(raw)["choices"]
    assert (status, choice["finish_reason"], choice["message"]["content"] == "") == (200, finish, blank)


async def test_faults_may_break_json_or_the_connection():
    async with ChaosServer(Behaviour(faults=(Fault.TORN, Fault.RESET))) as server:
        status, _, raw = await post(server)
        assert status == 200
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(raw)
        with pytest.raises(aiohttp.ClientError):
            await post(server)


def test_a_hanging_request_ends_with_its_client_or_with_the_server():
    async def play():
        async with ChaosServer(Behaviour(faults=(Fault.HANG, Fault.HANG))) as server:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(post(server), 1000)
            await asyncio.sleep(1)
            assert server.stats.in_flight == 0
            left = asyncio.create_task(post(server))
            await asyncio.sleep(1)
            assert server.stats.in_flight == 1
        with pytest.raises(aiohttp.ClientError):
            await left

    run_virtually(play())


async def test_faults_may_come_round_again():
    async with ChaosServer(Behaviour(faults=(None, None, Fault.SERVER_ERROR), repeat=True)) as server:
        assert [(await post(server))[0] for _ in range(7)] == [200, 200, 500, 200, 200, 500, 200]


async def test_replies_can_be_programmed_and_the_behaviour_changed_while_it_runs():
    async with ChaosServer(Behaviour(reply=lambda body: body["messages"][0]["content"].upper())) as server:
        assert b"HELLO?" in (await post(server))[2]
        server.behaviour = Behaviour(reply=lambda body: web.Response(status=418))
        assert (await post(server))[0] == 418
        assert server.stats.completed == 1


def test_as_a_process_it_prints_its_url_serves_and_ends_on_sigterm():
    command = [sys.executable, "-m", "prism_engine.chaos.server", "--fault", "500", "--every", "2", "--latency", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        data = orjson.dumps(body_of())
        with opener.open(urllib.request.Request(f"{url}/chat/completions", data), timeout=60) as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError, match="500") as caught:
            opener.open(urllib.request.Request(f"{url}/chat/completions", data), timeout=60)
        caught.value.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
