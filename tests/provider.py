"""The chaos server in a thread of the test process: a provider whose bill can be read at any time."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

from prism_engine.chaos.server import ChaosServer


@contextmanager
def provider(behaviour=None):
    """Serve in a separate thread; yield the server, whose `bill` and `stats` may be read at any time."""
    loop = asyncio.new_event_loop()
    ready: list[ChaosServer] = []
    started, stop = threading.Event(), asyncio.Event()

    async def serve():
        async with ChaosServer(behaviour, keep_bodies=False) as server:
            ready.append(server)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert started.wait(30)
    try:
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def paid_model(server, *, price=("0.15", "0.6"), **fields):
    """Return the registry entry of a model on the server; prices in dollars per million tokens."""
    entry = {
        "backend": "api",
        "model": "chaos",
        "base_url": server.base_url,
        "api_key_env": None,
        "identity": "the provider",
        "limits": {"concurrency": 64},
    }
    if price is not None:
        entry["price"] = {"input": price[0], "output": price[1]}
    return entry | fields
