"""A running engine of vLLM: calls become its requests, and what it gives becomes completions or typed errors."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Any

from prism_engine.backends.vllm.serving import Serving
from prism_engine.errors import DeadError, NotRunError, RejectedError, TransientError
from prism_engine.records import Completion, Outcome, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.backends.vllm.thread import EngineThread
    from prism_engine.config import VllmModel
    from prism_engine.records import Call


class RunningEngine:
    """A running `AsyncLLM`, spoken to in prism's words.

    Args:
        thread: the one that the engine was started in; it is busy with it from now on.
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
        self._served.add_done_callback(self._leave_nobody_waiting)

    @property
    def running(self) -> int:
        """Calls that are not answered yet."""
        return len(self._unanswered)

    async def complete(self, call: Call) -> Completion:
        """Answer one call.

        Raises:
            RejectedError: the call, its pictures included, is none that this model can take.
            TransientError: vLLM gave the request up.
            DeadError: the engine died.
            NotRunError: it was closed meanwhile.
        """
        began = time.perf_counter()
        try:
            output = await self._output(call)
            if output.outputs[0].finish_reason == "error":  # a picture that vLLM took for cached was not: now it knows
                output = await self._output(call)
        except self._serving.died as error:
            raise DeadError(f"vLLM's engine for {self._model} died; its log says why: {self._log}") from error
        except self._serving.rejects as error:
            if self._closed:
                raise closed() from error
            cause = error.__cause__ if type(error).__name__ == "EngineGenerateError" and error.__cause__ else error
            raise RejectedError(f"vLLM refuses the request: {cause}") from error
        return self._completion(output, time.perf_counter() - began)

    async def aclose(self) -> None:
        """End the engine in good order, in the thread that it lives in."""
        self._closed = True
        self._serving.end(orderly=True)
        await self._served

    async def _output(self, call: Call) -> Any:
        if self._served.done():
            raise self._no_answer()
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

    def _leave_nobody_waiting(self, _: asyncio.Task[None]) -> None:
        for name in list(self._unanswered):
            self._answer((name, self._no_answer()))

    def _no_answer(self) -> Exception:
        return closed() if self._closed else self._serving.died()

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
