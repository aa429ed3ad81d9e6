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
from prism_engine.errors import ConfigError
from tests.chaos.client import ask, body_of, look
from tests.virtual_time import now, run_virtually


async def test_it_names_an_option_always_the_same_for_the_same_question():
    async with ChaosServer() as server:
        texts = []
        for _ in range(2):
            replies = [await ask(server, str(n)) for n in range(20)]
            texts.append([reply.text for reply in replies])
    assert texts[0] == texts[1]
    assert {text.split()[-1] for text in texts[0]} == {"A.", "B.", "C.", "D."}
    assert replies[0].json["usage"]["total_tokens"] > 0


async def test_it_counts_exactly_what_it_received_and_sent():
    async with ChaosServer(Behaviour(faults=(None, Fault.SERVER_ERROR))) as server:
        for text in ("a", "b", "a", "c"):
            await ask(server, text)
        stats = await look(server, "/stats")
        assert [body["messages"][0]["content"] for body in server.bodies] == ["a", "b", "a", "c"]
    assert (stats["received"], stats["completed"], stats["faults"], stats["in_flight"]) == (4, 3, 1, 0)
    assert sorted(stats["hits"].values()) == [1, 2]
    assert stats["tokens"] > 0


async def test_a_wrong_key_is_refused_everywhere():
    async with ChaosServer(Behaviour(key="right")) as server:
        assert (await ask(server)).status == 401
        assert (await ask(server, key="wrong")).status == 401
        assert (await ask(server, key="right")).status == 200
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
                status, headers, _ = await ask(server)
                seen.append((status, headers.get("Retry-After")))
            assert server.stats.rate_limited == 2
            return seen

    fine, refused = (200, None), (429, "7")
    assert run_virtually(play()) == [fine, fine, refused, fine, refused, fine]


def test_a_hanging_request_ends_with_its_client_or_with_the_server():
    async def play():
        async with ChaosServer(Behaviour(faults=(Fault.HANG, Fault.HANG))) as server:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ask(server), 1000)
            await asyncio.sleep(1)
            assert server.stats.in_flight == 0
            left = asyncio.create_task(ask(server))
            await asyncio.sleep(1)
            assert server.stats.in_flight == 1
        with pytest.raises(aiohttp.ClientError):
            await left

    run_virtually(play())


async def test_faults_may_repeat():
    async with ChaosServer(Behaviour(faults=(None, None, Fault.SERVER_ERROR), repeat=True)) as server:
        assert [(await ask(server)).status for _ in range(7)] == [200, 200, 500, 200, 200, 500, 200]


async def test_replies_can_be_programmed_and_the_behaviour_changed_while_it_runs():
    async with ChaosServer(Behaviour(reply=lambda body: body["messages"][0]["content"].upper())) as server:
        assert b"HELLO?" in (await ask(server)).raw
        server.behaviour = Behaviour(reply=lambda body: web.Response(status=418))
        assert (await ask(server)).status == 418
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


async def test_an_invalid_request_is_a_400_and_the_server_continues():
    async with ChaosServer() as server:
        answer = await ask(server, messages="hello")
        assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_request_error")
        assert (await ask(server)).status == 200
        assert (server.bill.calls, len(server.bodies)) == (1, 1)


async def test_the_most_expensive_case_is_a_text_as_long_as_its_limit():
    async with ChaosServer(Behaviour(full_length=True)) as server:
        answer = await ask(server, max_tokens=300)
        assert answer.json["usage"]["completion_tokens"] == server.bill.completion_tokens == 300
        assert answer.json["choices"][0]["finish_reason"] == "length"


async def test_a_port_that_is_taken_is_a_config_error():
    async with ChaosServer() as server:
        port = int(server.base_url.split(":")[2].removesuffix("/v1"))
        with pytest.raises(ConfigError, match=f"port {port} of 127.0.0.1 cannot be used"):
            async with ChaosServer(port=port):
                pass
