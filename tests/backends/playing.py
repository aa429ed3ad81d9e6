"""An API backend and the chaos server that it calls: real HTTP over loopback, in virtual time if time matters."""

from __future__ import annotations

from contextlib import asynccontextmanager

from prism_engine.backends.chat.api import ChatApi
from prism_engine.chaos.server import ChaosServer
from prism_engine.config import ApiModel
from tests.backends.calls import call_of
from tests.virtual_time import run_virtually

KEY = "sk-planted-0123456789abcdef"
IDLE = "in flight, head=<Gate {}, 0/1 held, 0 waiting>, 0 timed waits"


@asynccontextmanager
async def backend(server, *, key=None, start=None, **spec):
    api = ChatApi(ApiModel(model="m", base_url=server.base_url, **spec), key, start=start)
    try:
        yield api
    finally:
        await api.aclose()


def play(scenario, behaviour=None, **spec):
    """Run `scenario(api, server)` in virtual time; afterwards no call may hold a slot or wait for one."""

    async def main():
        async with ChaosServer(behaviour) as server, backend(server, **spec) as api:
            result = await scenario(api, server)
            assert "<Limiter 0/" in repr(api), api
            assert IDLE.format("open") in repr(api) or IDLE.format("closed") in repr(api), api
            assert server.stats.in_flight == 0, server.stats
            return result

    return run_virtually(main())


async def one_call(api, server):
    return await api.generate(call_of())
