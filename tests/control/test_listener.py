"""The listener against clients of every kind: hostile bytes, silence, disconnections, too many of them."""

from __future__ import annotations

import asyncio
import random

import orjson
import pytest

from prism_engine.control import listener
from prism_engine.control.client import send
from prism_engine.control.listener import MOST_CLIENTS, listening
from prism_engine.control.messages import LONGEST_REQUEST
from prism_engine.control.sockets import SOCKET_NAME
from prism_engine.errors import ConfigError, UserError


@pytest.fixture
def short(tmp_path_factory):
    return tmp_path_factory.mktemp("s")


def handler(log):
    async def handle(request):
        log.append(request.command)
        if request.command == "drain":
            raise ConfigError("not now")
        return {"message": "done", "state": {"n": len(log)}}

    return handle


async def asked(folder, content, *, close=True):
    """Send bytes, and return what comes back until the end."""
    reader, writer = await asyncio.open_unix_connection(str(folder / SOCKET_NAME))
    writer.write(content)
    if close:
        writer.write_eof()
    reply = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return reply


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\0" * 100 + b"\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b'{"command": "pause"}',  # cut before its line end
        b'{"command": "pau',
        b'{"command": "pause", "eval": "1"}\n',
        b"x" * (LONGEST_REQUEST + 1) + b"\n",
        b"x" * (20 * LONGEST_REQUEST),
        b'{"command": "set", "values": ' + b'{"a":' * 1000 + b"\n",
        random.Random(7).randbytes(5000),
    ],
)
async def test_hostile_bytes_get_an_error_and_change_nothing(short, content):
    log = []
    async with listening({short: handler(log)}):
        reply = await asked(short, content)
        assert orjson.loads(reply)["ok"] is False
        assert log == []
        assert (await asyncio.to_thread(send, short, "pause"))["message"] == "done"
    assert log == ["pause"]


async def test_only_the_first_line_counts(short):
    log = []
    async with listening({short: handler(log)}):
        await asked(short, b'{"command": "pause"}\n{"command": "resume"}\n')
    assert log == ["pause"]


async def test_a_refusal_is_the_client_s_error(short):
    async with listening({short: handler([])}):
        with pytest.raises(UserError, match="not now"):
            await asyncio.to_thread(send, short, "drain")


async def test_a_silent_client_is_let_go_and_others_are_served_meanwhile(short, monkeypatch):
    monkeypatch.setattr(listener, "REQUEST_SECONDS", 0.3)
    async with listening({short: handler([])}):
        silent = asyncio.create_task(asked(short, b'{"command"', close=False))
        await asyncio.sleep(0.05)
        assert (await asyncio.to_thread(send, short, "pause"))["state"] == {"n": 1}
        assert b"no request within" in await silent


async def test_clients_that_vanish_and_more_clients_than_allowed_do_no_harm(short):
    async with listening({short: handler([])}):
        writers = []
        for _ in range(MOST_CLIENTS + 5):
            _, writer = await asyncio.open_unix_connection(str(short / SOCKET_NAME))
            writer.write(b'{"comm')
            writers.append(writer)
        await asyncio.sleep(0.1)
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.1)
        assert (await asyncio.to_thread(send, short, "pause"))["message"] == "done"


async def test_the_end_does_not_wait_for_a_silent_client(short):
    async with asyncio.timeout(3):
        async with listening({short: handler([])}):
            reader, writer = await asyncio.open_unix_connection(str(short / SOCKET_NAME))
            writer.write(b'{"comm')
            await asyncio.sleep(0.05)
        assert await reader.read() == b""
        writer.close()
    assert not (short / SOCKET_NAME).exists()


async def test_a_folder_that_cannot_listen_is_reported_and_the_others_do(short):
    (short / "bad").write_text("a file")
    async with listening({short / "bad": handler([]), short / "good": handler([])}) as problems:
        assert list(problems) == [short / "bad"]
        assert (await asyncio.to_thread(send, short / "good", "pause"))["message"] == "done"
