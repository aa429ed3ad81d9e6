"""Keys of the API backend: how one is sent, what a refused one ends, and that none is shown anywhere."""

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
from tests.backends.playing import KEY, one, play


def test_the_key_is_sent_as_a_bearer_token():
    async def scenario(api, server):
        assert (await api.generate(call_of())).outcome is Outcome.OK
        return server.stats.unauthorized

    assert play(scenario, Behaviour(key=KEY), key=KEY) == 0


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


def test_a_key_that_is_revoked_in_the_middle_is_the_end_for_what_is_on_the_wire_and_all_others():
    async def scenario(api, server):
        calls = (api.generate(call_of(str(n))) for n in range(300))
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(result) for result in results if isinstance(result, Exception)} == {DeadError}
        assert sum(not isinstance(result, Exception) for result in results) == 100
        return server.stats.received

    behaviour = Behaviour(latency=1.0, key=KEY, revoke_after=100)
    assert play(scenario, behaviour, key=KEY, limits=Limits(concurrency=16)) <= 100 + 16


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
