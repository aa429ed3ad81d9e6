"""A pytest plugin: `pytest_plugins = ["prism_engine.chaos.fixtures"]` gives tests the fixture `chaos_server`."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeAlias

import pytest

from prism_engine.chaos.server import ChaosServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prism_engine.chaos.behaviour import Behaviour

ChaosFactory: TypeAlias = "Callable[[Behaviour], ChaosServer]"
"""The type of the fixture `chaos_server`."""


@contextmanager
def in_background(server: ChaosServer) -> Iterator[ChaosServer]:
    """Run a server in a thread of its own while entered, for clients that block or are other processes.

    Raises:
        ConfigError: its port cannot be used.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="chaos server", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def chaos_server() -> Iterator[ChaosFactory]:
    """Start fault servers, each in a thread of its own until the test ends: `chaos_server(Behaviour(latency=0.1))`.

    What it returns has `base_url`, `stats`, `bill` and `bodies`. Time is real; the limits take any clock if you enter
    `ChaosServer(behaviour, clock=...)` yourself.
    """
    with ExitStack() as servers:
        yield lambda behaviour: servers.enter_context(in_background(ChaosServer(behaviour)))
