"""vLLM's asynchronous engine in this process: full batches beside an event loop that stays responsive."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from prism_engine.backends.base import Backend
from prism_engine.backends.limits.gate import Gate
from prism_engine.backends.vllm.running import RunningEngine, closed
from prism_engine.backends.vllm.start import DEFAULT_MAX_NUM_SEQS, EngineStart
from prism_engine.backends.vllm.thread import EngineThread
from prism_engine.errors import DeadError, NotRunError, PrismError

if TYPE_CHECKING:
    from prism_engine.config import VllmModel
    from prism_engine.records import Call, Completion


class VllmEngine(Backend):
    """A checkpoint that vLLM runs, started by the first call.

    Prompts and pictures take the way of vLLM's own chat endpoint: the model's chat template (or the entry's), EXIF
    orientation applied, transparency laid over white, RGB. As there, `generation_config.json` fills in the sampling
    parameters that a call does not carry, such as a repetition penalty.

    Raises (from `generate`, beside the contract):
        DependencyError: vLLM does not import here.
        ConfigError: an engine option that vLLM does not know.
    """

    def __init__(self, spec: VllmModel) -> None:
        self._spec = spec
        self._gate = Gate(self.capacity)
        self._thread = EngineThread()
        self._folder: Path | None = None
        self._start: EngineStart | None = None
        self._starting: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._engine: RunningEngine | None = None
        self._failure: PrismError | None = None

    def __repr__(self) -> str:
        running = 0 if self._engine is None else self._engine.running
        return f"<VllmEngine {self._spec.model}, {self._gate!r}, {running} running>"

    @property
    def capacity(self) -> int:
        """Twice what the engine works on at once: so the next requests are prepared while it works."""
        return 2 * int(self._spec.engine.get("max_num_seqs") or DEFAULT_MAX_NUM_SEQS)

    async def generate(self, call: Call) -> Completion:  # noqa: D102 - the contract says it
        async with self._gate:
            engine = await self._started()
            try:
                return await engine.complete(call)
            except DeadError as error:
                self._failure = error
                raise

    def drain(self) -> None:  # noqa: D102
        self._gate.close()
        if self._failure is None and self._engine is None:
            self._failure = NotRunError("the call was not sent: the run is stopping")
        self._settled.set()

    async def aclose(self) -> None:  # noqa: D102
        self.drain()
        try:
            if self._starting is not None and self._start is not None and not self._starting.done():
                self._start.abandon()
                await asyncio.wait([self._starting])
            if self._engine is not None:
                self._failure = self._failure or closed()
                engine, self._engine = self._engine, None
                await engine.aclose()
        finally:  # also where this is cancelled: a second Ctrl-C
            self._thread.end()
            if self._start is not None:
                self._start.end_log()
            if self._folder is not None and not isinstance(self._failure, DeadError):
                shutil.rmtree(self._folder, ignore_errors=True)

    async def _started(self) -> RunningEngine:
        if self._starting is None and self._failure is None:
            self._begin()
        await self._settled.wait()
        if self._failure is not None:
            raise type(self._failure)(str(self._failure)) from self._failure
        if self._engine is None:
            raise DeadError("vLLM's start failed in an unforeseen way") from self._unforeseen()
        return self._engine

    def _begin(self) -> None:
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="prism-vllm-"))
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            self._failure = DeadError(
                f"{place}no temporary folder can be made for vLLM's log ({error.strerror}). Make room there, or let "
                "TMPDIR name another folder."
            )
            self._settled.set()
            return
        self._start = EngineStart(self._spec, self._folder / "engine.log")
        self._starting = asyncio.create_task(self._bring_up(self._start), name="vllm-start")

    def _unforeseen(self) -> BaseException | None:
        done = self._starting is not None and self._starting.done() and not self._starting.cancelled()
        return self._starting.exception() if done and self._starting else None

    async def _bring_up(self, start: EngineStart) -> None:
        try:
            llm = await self._thread.run(start.run)
            self._engine = RunningEngine(llm, self._spec, start.log, self._thread)
        except PrismError as error:
            self._failure = error
        except asyncio.CancelledError:
            start.abandon()
            raise
        finally:
            self._settled.set()
