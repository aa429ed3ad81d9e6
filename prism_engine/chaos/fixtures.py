"""Pytest plugin with the fixture `chaos_server`: `pytest_plugins = ["prism_engine.chaos.fixtures"]`."""

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
    """Run a server in its own thread while entered, for blocking clients and other processes.

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
    """Start chaos servers, each in its own thread until the test ends: `chaos_server(Behaviour(latency=0.1))`.

    The returned server has `base_url`, `stats`, `bill` and `bodies`. Time is real; to give the limits another clock,
    enter `ChaosServer(behaviour, clock=...)` directly.
    """
    with ExitStack() as servers:
        yield lambda behaviour: servers.enter_context(in_background(ChaosServer(behaviour)))
