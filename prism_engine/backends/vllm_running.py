"""A running engine of vLLM: calls become its requests, and what it gives becomes completions or typed errors."""

from __future__ import annotations

import asyncio
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from prism_engine.backends.checkpoints import template_text
from prism_engine.errors import DeadError, NotRunError, RejectedError, TransientError
from prism_engine.records import Completion, Image, Outcome, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.backends.vllm_thread import EngineThread
    from prism_engine.config import VllmModel
    from prism_engine.records import Call, Message, Sampling

# What a model's own template, tokenizer and picture code may raise over one odd call: it asserts and divides, too.
_MALFORMED = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, OSError),
    *(RuntimeError, SyntaxError, TypeError, ValueError),
)
_GRACE = 30.0  # seconds for the engine's orderly end; it takes 4 alone, and after vLLM's own 5 shared memory would stay


class RunningEngine:
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
        """Answer one call.

        Raises:
            RejectedError: the call, its pictures included, is none that this model can take.
            TransientError: vLLM gave the request up.
            DeadError: the engine died.
            NotRunError: it was closed meanwhile.
        """
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
                raise closed() from error
            cause = error.__cause__ if type(error).__name__ == "EngineGenerateError" and error.__cause__ else error
            raise RejectedError(f"vLLM refuses the request: {cause}") from error
        finally:
            self._unanswered.discard(name)
        return self._completion(output, time.perf_counter() - began)

    async def aclose(self, thread: EngineThread) -> None:
        """End the engine in good order, in the thread that it lives in."""
        self._closed = True
        await self._llm.abort(list(self._unanswered))
        tasks = [*filter(None, (self._llm.output_handler, self._llm.engine_core.resources.output_queue_task))]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._thread.shutdown(wait=False)
        await thread.run(self._llm.shutdown, _GRACE)
        self._llm.shutdown = lambda: None  # its finalizer calls this once more, perhaps when vLLM's modules are gone

    async def _output(self, call: Call, name: str) -> Any:
        messages = [{"role": message.role, "content": _content(message)} for message in call.messages]
        render = self._llm.renderer.render_chat
        # One thread for all of it: vLLM's own asynchronous way changes threads four times, which costs a sixth.
        _, (prompt,) = await asyncio.get_running_loop().run_in_executor(
            self._thread, render, [messages], self._chat, self._tokens
        )
        if self._closed:
            raise closed()
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
                raise closed()
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


def closed() -> NotRunError:
    """Return what a call gets that a closed engine did not answer."""
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
