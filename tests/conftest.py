"""Fixtures for the whole suite: one browser, one vLLM engine and one vLLM server; the latter take half a minute each.

As in the demo, the engine describes pictures and the server answers questions. `captioner_url` serves tests that send
pictures over HTTP, as to a VLM behind an API: vLLM's server code in front of the same engine.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from prism_engine.config import ServerSpec, VllmModel
from prism_engine.nano import CAPTIONER, REASONER
from tests.backends.processes import engine_processes, wait_until_gone
from tests.backends.vllm_calls import call
from tests.backends.vllm_front import served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.sync_api import Browser

    from prism_engine.backends.vllm.engine import VllmEngine
    from prism_engine.backends.vllm.managed_server import ManagedServer

SMALL = {"dtype": "float32", "max_model_len": 1024, "enforce_eager": True}
"""Engine options that start fast on a CPU."""
SERVED_NAME = "nano/reasoner"
"""The model id of the suite's server."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; one for all tests of pages, since Playwright starts once per thread."""
    from tests.browser import launched, require_chromium  # noqa: PLC0415 - not for tests without a browser

    with launched(require_chromium()) as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def vllm_engine() -> AsyncIterator[VllmEngine]:
    """nano-captioner, whose engine starts with the first call; runs at most 8 calls and queues 8 more."""
    from prism_engine.backends.vllm.engine import VllmEngine  # noqa: PLC0415 - not for tests without vLLM

    engine = VllmEngine(VllmModel(model=str(CAPTIONER), engine=SMALL | {"max_num_seqs": 8}))
    yield engine
    processes = engine_processes()
    await engine.aclose()
    assert wait_until_gone(processes) == []
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("vllm")] == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def captioner_url(vllm_engine: VllmEngine) -> AsyncIterator[str]:
    """The base URL of vLLM's OpenAI server in front of the suite's engine."""
    await vllm_engine.generate(call("Hello."))
    async with served(vllm_engine) as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def vllm_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ManagedServer]:
    """A server of nano-reasoner, named `SERVED_NAME`, that starts with the first call of `start`."""
    from prism_engine.backends.vllm.managed_server import ManagedServer  # noqa: PLC0415 - not for tests without vLLM

    spec = ServerSpec(model=str(REASONER), options=SMALL)
    server = ManagedServer(spec, served_name=SERVED_NAME, log=tmp_path_factory.mktemp("server") / "server.log")
    yield server
    await server.aclose()


@pytest.fixture(scope="session", autouse=True)
def own_user_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what prism remembers about its user out of the home folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("user-data")))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: not {"slow", "vllm"} & set(item.keywords))
