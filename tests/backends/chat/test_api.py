"""The API backend against the chaos server: requests, outcomes and retries."""

from __future__ import annotations

import asyncio
import base64
import os

import pytest
from aiohttp import web
from PIL import Image as Picture

from prism_engine.backends.chat.api import probe
from prism_engine.backends.chat.credentials import Credentials
from prism_engine.chaos.behaviour import Behaviour, Fault
from prism_engine.chaos.server import ChaosServer
from prism_engine.config import ApiModel
from prism_engine.errors import DeadError, RejectedError, TransientError
from prism_engine.records import Outcome, Sampling
from tests.backends.calls import call_of, image_at
from tests.backends.playing import KEY, backend, one_call, play
from tests.virtual_time import now


def test_a_call_is_answered_with_everything_the_server_said():
    done = play(one_call, Behaviour(latency=2.0, reply=lambda body: "B, surely."))
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


async def test_probing_lists_the_models():
    async with ChaosServer(Behaviour(key=KEY)) as server:
        spec = ApiModel(model="m", base_url=server.base_url)
        assert await probe(spec, Credentials.of_key(KEY)) == ["chaos"]
        with pytest.raises(DeadError, match="key refused"):
            await probe(spec, Credentials())
    with pytest.raises(TransientError):
        await probe(spec, Credentials.of_key(KEY))


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(Fault.EMPTY, Outcome.EMPTY), (Fault.FILTERED, Outcome.REFUSED), (Fault.CUT, Outcome.TRUNCATED)],
)
def test_an_unusable_answer_is_an_outcome_and_not_retried(fault, outcome):
    async def scenario(api, server):
        return await api.generate(call_of()), server.stats.received

    done, received = play(scenario, Behaviour(faults=(fault,)))
    assert (done.outcome, received) == (outcome, 1)


def test_a_rejected_call_is_sent_once_and_the_next_one_is_fine():
    async def scenario(api, server):
        with pytest.raises(RejectedError, match="maximum context length is 8 tokens"):
            await api.generate(call_of())
        assert (await api.generate(call_of())).outcome is Outcome.OK
        return server.stats.received

    assert play(scenario, Behaviour(faults=(Fault.BAD_REQUEST,))) == 2


def test_a_redirect_is_not_followed():
    def reply(body):
        return web.Response(status=307, headers={"Location": "http://127.0.0.1:9/v1/chat/completions"})

    async def scenario(api, server):
        with pytest.raises(DeadError, match="redirects"):
            await api.generate(call_of())

    play(scenario, Behaviour(reply=reply), key=KEY)


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.RESET, Fault.TORN, Fault.RATE_LIMIT, Fault.HANG])
def test_transient_faults_are_retried(fault):
    async def scenario(api, server):
        done = await api.generate(call_of())
        return done, server.stats.received

    done, received = play(scenario, Behaviour(faults=(fault, fault)), timeout=30)
    assert (done.outcome, done.attempts, received) == (Outcome.OK, 3, 3)
    assert done.seconds < 1


def test_a_body_that_ends_early_is_retried():
    cut = iter([True, False])

    def reply(body):
        if next(cut):
            return web.Response(body=b"not gzip", headers={"Content-Encoding": "gzip"})
        return "Fine."

    assert play(one_call, Behaviour(reply=reply)).attempts == 2


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
