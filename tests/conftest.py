"""One vLLM engine and one vLLM server for the whole suite: each takes half a minute to start."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from prism_engine.config import ServerSpec, VllmModel
from prism_engine.demo.checkpoints import Checkpoints, build_checkpoints

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prism_engine.backends.server import ManagedServer
    from prism_engine.backends.vllm_engine import VllmEngine

SMALL = {"dtype": "float32", "max_model_len": 1024, "enforce_eager": True}
"""Engine options that start fast on a CPU."""
SERVED_NAME = "tiny/vlm"
"""The model id of the suite's server."""


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Checkpoints:
    """The demo's two models, built once for all workers of the suite."""
    base = tmp_path_factory.getbasetemp()
    return build_checkpoints((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "checkpoints")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def vllm_engine(checkpoints: Checkpoints) -> AsyncIterator[VllmEngine]:
    """A backend whose engine starts with the first call; at most 8 calls at work and 8 more in flight."""
    from prism_engine.backends.vllm_engine import VllmEngine  # noqa: PLC0415 - not for tests without vLLM

    engine = VllmEngine(VllmModel(model=str(checkpoints.vlm), engine=SMALL | {"max_num_seqs": 8}))
    yield engine
    await engine.aclose()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def vllm_server(
    checkpoints: Checkpoints, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ManagedServer]:
    """A server of the tiny VLM, called `SERVED_NAME`, that starts with the first `start`."""
    from prism_engine.backends.server import ManagedServer  # noqa: PLC0415 - not for tests without vLLM

    spec = ServerSpec(model=str(checkpoints.vlm), options=SMALL)
    server = ManagedServer(spec, served_name=SERVED_NAME, log=tmp_path_factory.mktemp("server") / "server.log")
    yield server
    await server.aclose()
