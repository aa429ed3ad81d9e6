"""vLLM's own OpenAI server in front of a running engine: pictures over HTTP without a second engine."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prism_engine.backends.vllm.engine import VllmEngine

NAME = "nano/captioner"
"""The model id that the server accepts."""


@asynccontextmanager
async def served(engine: VllmEngine) -> AsyncIterator[str]:
    """Serve a started engine on loopback, in its own event loop; yield the base URL, which ends in `/v1`."""
    import uvicorn  # noqa: PLC0415 - comes with vLLM

    assert engine._engine is not None
    serving = engine._engine._serving
    app = asyncio.run_coroutine_threadsafe(_app(serving._llm, await asyncio.to_thread(_arguments)), serving._loop)
    config = uvicorn.Config(await asyncio.wrap_future(app), lifespan="off", log_level="error", access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = asyncio.run_coroutine_threadsafe(server.serve(sockets=[listening]), serving._loop)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"  # early connections wait in the socket's queue
        server.should_exit = True
        await asyncio.wrap_future(running)


def _arguments() -> Any:
    from vllm.entrypoints.launchers.cli_args import make_arg_parser  # noqa: PLC0415 - heavy
    from vllm.utils.argparse_utils import FlexibleArgumentParser  # noqa: PLC0415 - heavy

    return make_arg_parser(FlexibleArgumentParser()).parse_args([f"--served-model-name={NAME}"])


async def _app(llm: Any, arguments: Any) -> Any:
    from vllm.entrypoints.launchers.api_server.app_state import init_app_state  # noqa: PLC0415 - heavy
    from vllm.entrypoints.launchers.app import build_app  # noqa: PLC0415 - heavy

    tasks = await llm.get_supported_tasks()
    app = build_app(arguments, tasks, llm.model_config)
    await init_app_state(llm, app.state, arguments, tasks)
    return app
