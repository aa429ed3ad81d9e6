"""The engine thread's side of a running vLLM: an event loop that renders calls and sends them to the engine."""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from prism_engine.backends.vllm.picture_pool import PicturePool, bytes_in_memory
from prism_engine.backends.vllm.rendering import Rendering
from prism_engine.backends.vllm.thread import Mailbox
from prism_engine.errors import RejectedError
from prism_engine.usable_cores import usable_cores

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.config import VllmModel
    from prism_engine.records import Call, Sampling

# What a model's template, tokenizer and picture code may raise for a malformed call; some of it asserts or divides.
MALFORMED = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, OSError),
    *(RuntimeError, SyntaxError, TypeError, ValueError),
)
_GRACE = 30.0  # seconds for an orderly shutdown: it takes about 4, and vLLM's default of 5 may leak shared memory
_SMALL = 1 << 22
"""Bytes in memory (those of 512 x 512 pixels) up to which pictures are prepared in the engine's thread. That takes some
2 ms, most of it in Python, which threads cannot do side by side, and handing them over would cost more."""


class Serving:
    """Runs an `AsyncLLM` in a thread with its own event loop.

    A pool of threads reads, decodes and processes pictures; what else a call needs is done in the engine's thread:
    rendering in one thread and sending from another, interleaved with vLLM's outputs and the run's own work, costs a
    sixth of the throughput in thread switches.

    Args:
        answer: called with a call's name and vLLM's final output, or the exception that ended it, in the event loop in
            which this object was created.
    """

    def __init__(self, llm: Any, spec: VllmModel, answer: Callable[[tuple[str, Any]], object]) -> None:
        from jinja2 import TemplateError  # noqa: PLC0415 - installed with vLLM
        from PIL.Image import DecompressionBombError  # noqa: PLC0415 - only needed with vLLM
        from vllm.exceptions import VLLMError  # noqa: PLC0415 - heavy
        from vllm.v1.engine.exceptions import EngineDeadError  # noqa: PLC0415 - heavy

        self.died = EngineDeadError
        self.rejects = (RejectedError, VLLMError, TemplateError, DecompressionBombError, MemoryError, *MALFORMED)
        self._llm = llm
        self._defaults = llm.model_config.get_diff_sampling_param()
        self._rendering = Rendering(llm, spec)
        threads = int(spec.engine.get("renderer_num_workers") or usable_cores())
        self._pictures = PicturePool(self._rendering.pictures, threads)
        self._waiting: dict[str, Call] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._ended = self._orderly = False
        self._unforeseen: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._inbox: Mailbox[tuple[str, Call | None]] = Mailbox(self._loop, self._take)
        self._answers = Mailbox(asyncio.get_running_loop(), answer)

    def run(self) -> None:
        """Answer calls until `end`; shut the engine down, too, if the end is orderly."""
        from vllm.utils.gc_utils import freeze_gc_heap  # noqa: PLC0415 - heavy

        freeze_gc_heap()  # else each full collection takes half a second, mostly for vLLM's imports
        try:
            with suppress(self.died), asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._feed())
        finally:
            self._pictures.end()
            gc.unfreeze()
        if self._orderly:
            self._llm.shutdown(_GRACE)
            self._llm.shutdown = lambda: None  # its finalizer calls it again, perhaps after vLLM's modules are gone

    def ask(self, name: str, call: Call) -> None:
        """Submit a call; its result is passed to `answer` under this name."""
        self._inbox.put((name, call))

    def cancel(self, name: str) -> None:
        """Drop a call, waiting or in flight."""
        self._inbox.put((name, None))

    def end(self, *, orderly: bool) -> None:
        """Make `run` return soon; calls unanswered by then stay so. Idempotent; callable from any thread."""
        self._orderly = self._orderly or orderly
        self._ended = True
        with suppress(RuntimeError):  # the loop is closed: `run` has returned
            self._loop.call_soon_threadsafe(self._wake.set)

    # Everything below runs in the engine's thread.

    def _take(self, message: tuple[str, Call | None]) -> None:
        name, call = message
        if call is not None:
            self._waiting[name] = call
            self._wake.set()
        elif self._waiting.pop(name, None) is None and name in self._tasks:
            self._tasks[name].cancel()

    async def _feed(self) -> None:
        await self._llm.reset_mm_cache()  # drop the pictures of vLLM's warm-up
        while not self._ended:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            name = next(iter(self._waiting))
            task = self._tasks[name] = asyncio.create_task(self._serve(name, self._waiting.pop(name)))
            task.add_done_callback(partial(self._finish, name))
            await asyncio.sleep(0)  # let the engine send it, and finished tasks end
        if self._unforeseen is not None:
            raise self._unforeseen

    def _finish(self, name: str, task: asyncio.Task[None]) -> None:
        del self._tasks[name]
        if not task.cancelled() and task.exception() is not None:  # a bug: no call may wait forever for its answer
            self._unforeseen, self._ended = task.exception(), True
            self._wake.set()

    async def _serve(self, name: str, call: Call) -> None:
        try:
            prompt = await self._prompt(call)
            answer = await self._generated(prompt, self._parameters(call.sampling), name)
        except (self.died, *self.rejects) as error:
            answer = error
        self._answers.put((name, answer))

    async def _prompt(self, call: Call) -> Any:
        images = call.images
        policy = call.model.pictures
        if bytes_in_memory(images) <= _SMALL:
            return self._rendering.prompt(call, self._rendering.loaded(images, policy))
        async with self._pictures.prepared(images, policy) as pictures:
            return self._rendering.prompt(call, pictures)

    async def _generated(self, prompt: Any, parameters: Any, name: str) -> Any:
        final: Any = None
        async for output in self._llm.generate(prompt, parameters, name):
            final = output
        return final

    def _parameters(self, sampling: Sampling) -> Any:
        from vllm.sampling_params import RequestOutputKind, SamplingParams  # noqa: PLC0415 - heavy

        ours = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": None if sampling.greedy else sampling.seed,
            "max_tokens": sampling.max_tokens,
            "stop": list(sampling.stop),
        }
        return SamplingParams.from_optional(
            **self._defaults | ours, output_kind=RequestOutputKind.FINAL_ONLY, skip_clone=True
        )
