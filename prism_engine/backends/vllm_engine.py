"""vLLM's asynchronous engine in this process: full batches beside an event loop that stays responsive."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prism_engine.backends.base import Backend
from prism_engine.backends.checkpoints import template_text
from prism_engine.backends.limits import Gate
from prism_engine.backends.vllm_start import DEFAULT_MAX_NUM_SEQS, EngineStart
from prism_engine.errors import DeadError, NotRunError, PrismError, RejectedError, TransientError
from prism_engine.records import Completion, Image, Outcome, Usage

if TYPE_CHECKING:
    from prism_engine.config import VllmModel
    from prism_engine.records import Call, Message, Sampling

_MALFORMED = (LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError)
_GRACE = 30.0  # seconds for the engine's orderly end; it takes 4 alone, and after vLLM's own 5 shared memory would stay
_POLL = 0.2  # seconds between two looks at a start that is being broken off


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
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prism-vllm")
        self._folder: Path | None = None
        self._start: EngineStart | None = None
        self._starting: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._engine: _Engine | None = None
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
        if self._starting is not None and self._start is not None:
            while not self._starting.done():
                self._start.abandon()
                await asyncio.wait([self._starting], timeout=_POLL)
        if self._engine is not None:
            self._failure = self._failure or _closed()
            engine, self._engine = self._engine, None
            await engine.aclose(self._thread)
        self._thread.shutdown(wait=False)
        if self._start is not None:
            self._start.end_log()
        if self._folder is not None and not isinstance(self._failure, DeadError):
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _started(self) -> _Engine:
        if self._starting is None and self._failure is None:
            self._folder = Path(tempfile.mkdtemp(prefix="prism-vllm-"))
            self._start = EngineStart(self._spec, self._folder / "engine.log")
            self._starting = asyncio.create_task(self._bring_up(self._start), name="vllm-start")
        await self._settled.wait()
        if self._failure is not None:
            raise type(self._failure)(str(self._failure)) from self._failure
        if self._engine is None:
            raise DeadError("vLLM's start failed in an unforeseen way") from self._unforeseen()
        return self._engine

    def _unforeseen(self) -> BaseException | None:
        done = self._starting is not None and self._starting.done() and not self._starting.cancelled()
        return self._starting.exception() if done and self._starting else None

    async def _bring_up(self, start: EngineStart) -> None:
        try:
            llm = await asyncio.get_running_loop().run_in_executor(self._thread, start.run)
            await llm.reset_mm_cache()  # of the pictures that vLLM warmed up with
            self._engine = _Engine(llm, self._spec, start.log)
        except PrismError as error:
            self._failure = error
        finally:
            self._settled.set()


class _Engine:
    """A running `AsyncLLM`, spoken to in prism's words."""

    def __init__(self, llm: Any, spec: VllmModel, log: Path) -> None:
        from jinja2 import TemplateError  # noqa: PLC0415 - installed with vLLM
        from PIL.Image import DecompressionBombError  # noqa: PLC0415 - only needed with vLLM
        from vllm.exceptions import VLLMError  # noqa: PLC0415 - heavy
        from vllm.renderers import ChatParams, TokenizeParams  # noqa: PLC0415 - heavy
        from vllm.v1.engine.exceptions import EngineDeadError  # noqa: PLC0415 - heavy

        self._llm = llm
        self._model = spec.model
        self._log = log
        self._died = EngineDeadError
        self._rejects = (VLLMError, TemplateError, DecompressionBombError, *_MALFORMED)
        self._defaults = llm.model_config.get_diff_sampling_param()
        self._chat = ChatParams(
            chat_template=template_text(spec.chat_template),
            chat_template_kwargs={"add_generation_prompt": True, "tokenize": _is_mistral(llm)},
        )
        self._tokens = TokenizeParams(max_total_tokens=llm.model_config.max_model_len, add_special_tokens=False)
        self._names = map(str, itertools.count())
        self._unanswered: set[str] = set()
        self._closed = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prism-render")

    @property
    def running(self) -> int:
        """Requests that vLLM works on or holds in its queue."""
        return int(self._llm.get_num_unfinished_requests())

    async def complete(self, call: Call) -> Completion:
        began = time.perf_counter()
        name = next(self._names)
        self._unanswered.add(name)
        try:
            output = await self._output(call, name)
            if output.outputs[0].finish_reason == "error":  # a picture that vLLM took for cached was not: now it knows
                output = await self._output(call, name)
        except self._died as error:
            raise DeadError(f"vLLM's engine for {self._model} died; its log says why: {self._log}") from error
        except self._rejects as error:
            if self._closed:
                raise _closed() from error
            cause = error.__cause__ if type(error).__name__ == "EngineGenerateError" and error.__cause__ else error
            raise RejectedError(f"vLLM refuses the request: {cause}") from error
        finally:
            self._unanswered.discard(name)
        return self._completion(output, time.perf_counter() - began)

    async def aclose(self, thread: ThreadPoolExecutor) -> None:
        self._closed = True
        await self._llm.abort(list(self._unanswered))
        tasks = [*filter(None, (self._llm.output_handler, self._llm.engine_core.resources.output_queue_task))]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._thread.shutdown(wait=False)
        await asyncio.get_running_loop().run_in_executor(thread, self._llm.shutdown, _GRACE)
        self._llm.shutdown = lambda: None  # its finalizer calls this once more, perhaps when vLLM's modules are gone

    async def _output(self, call: Call, name: str) -> Any:
        messages = [{"role": message.role, "content": _content(message)} for message in call.messages]
        render = self._llm.renderer.render_chat
        # One thread for all of it: vLLM's own asynchronous way changes threads four times, which costs a sixth.
        _, (prompt,) = await asyncio.get_running_loop().run_in_executor(
            self._thread, render, [messages], self._chat, self._tokens
        )
        if self._closed:
            raise _closed()
        final = None
        async for output in self._llm.generate(prompt, self._parameters(call.sampling), name):
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

    def _completion(self, output: Any, seconds: float) -> Completion:
        answer = output.outputs[0]
        match answer.finish_reason:
            case "abort":
                raise _closed()
            case "length":
                outcome = Outcome.TRUNCATED
            case "stop":
                outcome = Outcome.OK
            case other:
                raise TransientError(f"vLLM gave the request up ({other})")
        return Completion(
            outcome=outcome if answer.text.strip() else Outcome.EMPTY,
            text=answer.text,
            finish_reason=answer.finish_reason,
            usage=Usage(len(output.prompt_token_ids), len(answer.token_ids), output.num_cached_tokens),
            model=self._model,
            seconds=seconds,
        )


def _closed() -> NotRunError:
    return NotRunError("the engine was closed before the call was answered")


def _content(message: Message) -> list[dict[str, Any]]:
    return [
        {"type": "image_url", "image_url": {"url": part.path.absolute().as_uri()}}
        if isinstance(part, Image)
        else {"type": "text", "text": part}
        for part in message.parts
    ]


def _is_mistral(llm: Any) -> bool:
    from vllm.utils.mistral import is_mistral_tokenizer  # noqa: PLC0415 - heavy

    return bool(is_mistral_tokenizer(llm.renderer.tokenizer))
