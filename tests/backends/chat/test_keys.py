"""API keys: how they are sent, what a refused key stops, and that a key is never shown."""

from __future__ import annotations

import asyncio
import gc
import logging
import traceback

import orjson
import pytest
from aiohttp import web

from prism_engine.backends.chat.api import ChatApi
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.config import ApiModel, Limits
from prism_engine.errors import DeadError, PrismError, TransientError
from prism_engine.records import Outcome
from tests.backends.calls import call_of
from tests.backends.playing import KEY, one_call, play


def test_the_key_is_sent_as_a_bearer_token():
    async def scenario(api, server):
        assert (await api.generate(call_of())).outcome is Outcome.OK
        return server.stats.unauthorized

    assert play(scenario, Behaviour(key=KEY), key=KEY) == 0


def test_a_refused_key_ends_everything_after_one_request():
    async def scenario(api, server):
        for _ in range(3):
            with pytest.raises(DeadError, match=r"key refused.*MY_KEY"):
                await api.generate(call_of())
        return server.stats.received

    assert play(scenario, Behaviour(key="another"), key=KEY, api_key_env="MY_KEY") == 1


def test_a_dead_error_reaches_the_waiting_calls_and_nothing_more_is_sent():
    async def scenario(api, server):
        calls = (api.generate(call_of(str(n))) for n in range(20))
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, DeadError) for result in results)
        return server.stats.received

    assert play(scenario, Behaviour(key="another"), limits=Limits(concurrency=1)) == 1


def test_a_key_that_is_revoked_midway_ends_the_requests_in_flight_and_all_others():
    async def scenario(api, server):
        calls = (api.generate(call_of(str(n))) for n in range(300))
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(result) for result in results if isinstance(result, Exception)} == {DeadError}
        assert sum(not isinstance(result, Exception) for result in results) == 100
        return server.stats.received

    behaviour = Behaviour(latency=1.0, key=KEY, revoke_after=100)
    assert play(scenario, behaviour, key=KEY, limits=Limits(concurrency=16)) <= 100 + 16


def echo(status, **headers):
    """Answer with the key, like a careless server."""

    def reply(body):
        text = f"your key {KEY} is in every field"
        error = {"message": text, "code": text, "type": text}
        message = {"content": text, "reasoning": text, "refusal": None}
        whole = {"error": error, "model": text, "choices": [{"message": message, "finish_reason": text}]}
        return web.Response(body=orjson.dumps(whole), status=status, headers=headers)

    return Behaviour(reply=reply)


def everything_shown(error):
    """An error with its causes and attributes, as any log or crash report might print it."""
    shown = ["".join(traceback.format_exception(error))]
    while error is not None:
        shown += [str(error), repr(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(shown)


@pytest.mark.parametrize("status", [200, 301, 400, 401, 402, 404, 429, 500])
def test_the_key_shows_up_nowhere(status, caplog):
    async def scenario(api, server):
        try:
            shown = repr(await api.generate(call_of()))
        except PrismError as error:
            shown = everything_shown(error)
        return shown + repr(api) + str(vars(api))

    with caplog.at_level(logging.DEBUG):
        shown = play(scenario, echo(status), key=KEY, attempts=2)
    assert KEY not in shown
    assert KEY not in caplog.text
    assert status == 301 or "***" in shown


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + KEY.encode(), b"HTTP/9 " + KEY.encode() + b"\r\n\r\n", b""],
)
async def test_errors_of_the_http_client_do_not_contain_the_key(answer, caplog):
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
    assert KEY not in everything_shown(caught.value) + caplog.text


def test_a_placeholder_instead_of_a_key_is_not_redacted_from_replies():
    assert play(one_call, Behaviour(reply=lambda body: "EMPTY it is."), key="EMPTY").text == "EMPTY it is."


async def test_a_url_with_a_password_is_shown_without_it():
    api = ChatApi(ApiModel(model="m", attempts=1), KEY, base_url="http://user:hunter2@127.0.0.1:9/v1")
    with pytest.raises(DeadError) as caught:
        await api.generate(call_of())
    assert "hunter2" not in everything_shown(caught.value) + repr(api)
    await api.aclose()
