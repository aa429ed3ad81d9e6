"""A running vLLM engine: turns calls into requests, and outputs into completions or typed errors."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Any

from prism_engine.backends.chat.refusal import misses_template
from prism_engine.backends.vllm.serving import Serving
from prism_engine.errors import DeadError, NotRunError, RejectedError, TransientError
from prism_engine.records import Completion, Outcome, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.backends.vllm.thread import EngineThread
    from prism_engine.config import VllmModel
    from prism_engine.records import Call


class RunningEngine:
    """A running `AsyncLLM` with prism's types.

    Args:
        thread: the thread in which the engine was started; occupied by the engine from now on.
    """

    def __init__(self, llm: Any, spec: VllmModel, log: Path, thread: EngineThread) -> None:
        self._model = spec.model
        self._log = log
        self._names = map(str, itertools.count())
        self._unanswered: dict[str, asyncio.Future[Any]] = {}
        self._closed = False
        self._serving = Serving(llm, spec, self._answer)
        thread.on_end = lambda: self._serving.end(orderly=False)
        self._served = asyncio.create_task(thread.run(self._serving.run), name="vllm-serving")
        self._served.add_done_callback(self._fail_unanswered)

    @property
    def running(self) -> int:
        """Number of calls not yet answered."""
        return len(self._unanswered)

    async def complete(self, call: Call) -> Completion:
        """Answer one call.

        Raises:
            RejectedError: the model cannot process the call or its pictures.
            TransientError: vLLM gave up on the request.
            DeadError: the engine died.
            NotRunError: the engine was closed meanwhile.
        """
        began = time.perf_counter()
        try:
            output = await self._output(call)
            if output.outputs[0].finish_reason == "error":  # a picture was no longer in vLLM's cache: retry
                output = await self._output(call)
        except self._serving.died as error:
            raise DeadError(f"vLLM's engine for {self._model} died; see its log for the reason: {self._log}") from error
        except RejectedError:
            raise
        except self._serving.rejects as error:
            if self._closed:
                raise closed_error() from error
            cause = error.__cause__ if type(error).__name__ == "EngineGenerateError" and error.__cause__ else error
            if misses_template(str(cause)):
                raise DeadError(
                    f"{self._model} has no chat template: set `chat_template:` in its registry entry, to a file or to "
                    f"Jinja text ({cause})"
                ) from error
            raise RejectedError(f"vLLM rejected the request: {cause}") from error
        return self._completion(output, time.perf_counter() - began)

    async def aclose(self) -> None:
        """Shut the engine down in its own thread."""
        self._closed = True
        self._serving.end(orderly=True)
        await self._served

    async def _output(self, call: Call) -> Any:
        if self._served.done():
            raise self._unanswered_error()
        name = next(self._names)
        future = self._unanswered[name] = asyncio.get_running_loop().create_future()
        try:
            self._serving.ask(name, call)
            return await future
        except asyncio.CancelledError:
            self._serving.cancel(name)
            raise
        finally:
            del self._unanswered[name]

    def _answer(self, answer: tuple[str, Any]) -> None:
        name, output = answer
        future = self._unanswered.get(name)
        if future is not None and not future.done():
            if isinstance(output, BaseException):
                future.set_exception(output)
            else:
                future.set_result(output)

    def _fail_unanswered(self, _: asyncio.Task[None]) -> None:
        for name in list(self._unanswered):
            self._answer((name, self._unanswered_error()))

    def _unanswered_error(self) -> Exception:
        return closed_error() if self._closed else self._serving.died()

    def _completion(self, output: Any, seconds: float) -> Completion:
        answer = output.outputs[0]
        match answer.finish_reason:
            case "abort":
                raise closed_error()
            case "length":
                outcome = Outcome.TRUNCATED
            case "stop":
                outcome = Outcome.OK
            case other:
                raise TransientError(f"vLLM gave up on the request ({other})")
        return Completion(
            outcome=outcome if answer.text.strip() else Outcome.EMPTY,
            text=answer.text,
            finish_reason=answer.finish_reason,
            usage=Usage(len(output.prompt_token_ids), len(answer.token_ids), output.num_cached_tokens),
            model=self._model,
            seconds=seconds,
        )


def closed_error() -> NotRunError:
    """Return the error for a call that a closed engine did not answer."""
    return NotRunError("the engine was closed before the call was answered")
