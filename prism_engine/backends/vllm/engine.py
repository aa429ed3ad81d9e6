"""Backend for vLLM's asynchronous engine in this process."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from prism_engine.backends.base import Backend
from prism_engine.backends.limits.gate import Gate
from prism_engine.backends.load import Load
from prism_engine.backends.vllm.running import RunningEngine, closed_error
from prism_engine.backends.vllm.start import DEFAULT_MAX_NUM_SEQS, EngineStart
from prism_engine.backends.vllm.thread import EngineThread
from prism_engine.errors import DeadError, NotRunError, PrismError

if TYPE_CHECKING:
    from prism_engine.config import VllmModel
    from prism_engine.records import Call, Completion


class VllmEngine(Backend):
    """A checkpoint that vLLM runs, started by the first call. The event loop stays responsive while it works.

    Prompts and pictures are processed as in vLLM's own chat endpoint: the model's chat template (or the registry
    entry's), EXIF orientation applied, transparency over white, RGB. As there, `generation_config.json` supplies the
    sampling parameters that a call does not set, such as a repetition penalty.

    Raises (from `generate`, in addition to those of `Backend`):
        DependencyError: vLLM cannot be imported.
        ConfigError: an engine option is unknown to vLLM.
    """

    def __init__(self, spec: VllmModel) -> None:
        self._spec = spec
        self._gate = Gate(self.capacity)
        self._thread = EngineThread()
        self._folder: Path | None = None
        self._start: EngineStart | None = None
        self._starting: asyncio.Task[None] | None = None
        self._start_done = asyncio.Event()
        self._engine: RunningEngine | None = None
        self._failure: PrismError | None = None

    def __repr__(self) -> str:
        running = 0 if self._engine is None else self._engine.running
        return f"<VllmEngine {self._spec.model}, {self._gate!r}, {running} running>"

    @property
    def capacity(self) -> int:
        """Twice the engine's own concurrency, so that the next requests are prepared while it works."""
        return 2 * int(self._spec.engine.get("max_num_seqs") or DEFAULT_MAX_NUM_SEQS)

    @property
    def load(self) -> Load:  # noqa: D102 - see Backend
        return Load(starting=self._starting is not None and not self._start_done.is_set())

    async def generate(self, call: Call) -> Completion:  # noqa: D102 - see Backend
        async with self._gate:
            engine = await self._started()
            try:
                return await engine.complete(call)
            except DeadError as error:
                self._failure = error
                raise

    def hold(self, *, on: bool) -> None:  # noqa: D102
        self._gate.hold(on=on)

    def drain(self) -> None:  # noqa: D102
        self._gate.close()
        if self._failure is None and self._engine is None:
            self._failure = NotRunError("the call was not sent: the run is stopping")
        self._start_done.set()

    async def aclose(self) -> None:  # noqa: D102
        self.drain()
        try:
            if self._starting is not None and self._start is not None and not self._starting.done():
                self._start.abandon()
                await asyncio.wait([self._starting])
            if self._engine is not None:
                self._failure = self._failure or closed_error()
                engine, self._engine = self._engine, None
                await engine.aclose()
        finally:  # also if this is cancelled by a second Ctrl-C
            self._thread.end()
            if self._start is not None:
                self._start.end_log()
            if self._folder is not None and not isinstance(self._failure, DeadError):
                shutil.rmtree(self._folder, ignore_errors=True)

    async def _started(self) -> RunningEngine:
        if self._starting is None and self._failure is None:
            self._begin()
        await self._start_done.wait()
        if self._failure is not None:
            raise type(self._failure)(str(self._failure)) from self._failure
        if self._engine is None:
            raise DeadError("vLLM's start failed unexpectedly") from self._unexpected_error()
        return self._engine

    def _begin(self) -> None:
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="prism-vllm-"))
        except OSError as error:
            location = f"{error.filename}: " if error.filename else ""
            self._failure = DeadError(
                f"{location}cannot create a temporary folder for vLLM's log ({error.strerror}). Free some space there, "
                "or set TMPDIR to another folder."
            )
            self._start_done.set()
            return
        self._start = EngineStart(self._spec, self._folder / "engine.log")
        self._starting = asyncio.create_task(self._run_start(self._start), name="vllm-start")

    def _unexpected_error(self) -> BaseException | None:
        done = self._starting is not None and self._starting.done() and not self._starting.cancelled()
        return self._starting.exception() if done and self._starting else None

    async def _run_start(self, start: EngineStart) -> None:
        try:
            llm = await self._thread.run(start.run)
            self._engine = RunningEngine(llm, self._spec, start.log, self._thread)
        except PrismError as error:
            self._failure = error
        except asyncio.CancelledError:
            start.abandon()
            raise
        finally:
            self._start_done.set()
