"""A model behind an OpenAI server that this run starts and stops itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.backends.base import Backend
from prism_engine.backends.chat.api import ChatApi
from prism_engine.backends.vllm.managed_server import ManagedServer

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.backends.load import Load
    from prism_engine.config import ApiModel, ServerSpec
    from prism_engine.records import Call, Completion


class ServedApi(Backend):
    """A `ChatApi` whose server comes up with the first call and goes with `aclose`."""

    def __init__(self, spec: ApiModel, server: ServerSpec, log: Path) -> None:
        self._server = ManagedServer(server, served_name=spec.model, log=log)
        self._api = ChatApi(spec, None, start=self._server.start)

    @property
    def capacity(self) -> int:  # noqa: D102 - the contract says it
        return self._api.capacity

    @property
    def load(self) -> Load:  # noqa: D102 - the contract says it
        return self._api.load

    async def generate(self, call: Call) -> Completion:  # noqa: D102
        return await self._api.generate(call)

    def drain(self) -> None:  # noqa: D102
        self._api.drain()

    async def aclose(self) -> None:  # noqa: D102
        try:
            await self._api.aclose()
        finally:
            await self._server.aclose()
