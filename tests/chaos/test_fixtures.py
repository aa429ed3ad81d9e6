from __future__ import annotations

import urllib.error
import urllib.request

import orjson
import pytest

from prism_engine.chaos.behaviour import Behaviour, Fault
from tests.chaos.client import ask, body_of

pytest_plugins = ["prism_engine.chaos.fixtures"]


def test_it_serves_clients_that_block(chaos_server):
    server, other = chaos_server(Behaviour(faults=(None, Fault.SERVER_ERROR))), chaos_server(Behaviour())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{server.base_url}/chat/completions", orjson.dumps(body_of()), timeout=60) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError, match="500") as caught:
        opener.open(f"{server.base_url}/chat/completions", orjson.dumps(body_of()), timeout=60)
    caught.value.close()
    assert (server.stats.received, server.bill.calls, other.stats.received) == (2, 1, 0)


async def test_it_serves_clients_that_do_not(chaos_server):
    server = chaos_server(Behaviour())
    assert (await ask(server)).status == 200
