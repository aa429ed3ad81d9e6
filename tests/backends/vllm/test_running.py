"""Errors and shutdown of a running engine, without vLLM; `test_engine.py` tests the real one."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from prism_engine.backends.vllm import running as vllm_running
from prism_engine.backends.vllm.running import RunningEngine
from prism_engine.backends.vllm.serving import MALFORMED
from prism_engine.backends.vllm.thread import EngineThread, Mailbox
from prism_engine.config import VllmModel
from prism_engine.errors import DeadError, NotRunError, RejectedError
from tests.backends.vllm_calls import call


class Died(Exception):  # noqa: N818 - stands in for vLLM's EngineDeadError
    pass


class Serving:
    """Answers every call with one output, or leaves it unanswered; records its method calls."""

    died, rejects = Died, MALFORMED

    def __init__(self, llm, _spec, answer):
        self._output = llm
        self._answers = Mailbox(asyncio.get_running_loop(), answer)
        self._over = threading.Event()
        self.ends: list[bool] = []
        self.cancelled: list[str] = []
        self.broken = False

    def run(self):
        self._over.wait(60)
        if self.broken:
            raise KeyError("unforeseen")

    def ask(self, name, _call):
        if self._output is not None:
            self._answers.put((name, self._output))

    def cancel(self, name):
        self.cancelled.append(name)

    def end(self, *, orderly):
        self.ends.append(orderly)
        self._over.set()


@pytest.fixture
def started(monkeypatch):
    """Create running engines that give the same output for every call."""
    monkeypatch.setattr(vllm_running, "Serving", Serving)
    threads: list[EngineThread] = []

    def start(output=None):
        threads.append(EngineThread())
        return RunningEngine(output, VllmModel(model="m"), Path("engine.log"), threads[-1])

    yield start
    for thread in threads:
        thread.end()


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("integer division or modulo by zero"),
        AssertionError(),
        AttributeError("'NoneType' object has no attribute 'size'"),
        OSError("cannot identify image file"),
        KeyError("image"),
    ],
)
async def test_errors_of_a_model_s_code_on_odd_input_reject_the_call(started, error):
    with pytest.raises(RejectedError, match="vLLM rejected the request"):
        await started(error).complete(call("Describe."))


@pytest.mark.parametrize(
    "words",
    [
        "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template",
        "Cannot use chat template functions because tokenizer.chat_template is not set",
    ],
)
async def test_a_model_without_a_chat_template_can_answer_nothing(started, words):
    with pytest.raises(DeadError, match=r"m has no chat template: set `chat_template:` in its registry entry"):
        await started(ValueError(words)).complete(call("Describe."))


async def test_an_error_inside_a_chat_template_rejects_the_call(started):
    with pytest.raises(RejectedError):
        await started(ValueError("chat template: roles must alternate")).complete(call("Describe."))


async def test_a_dead_engine_is_not_the_fault_of_the_call(started):
    with pytest.raises(DeadError, match=r"engine\.log"):
        await started(Died()).complete(call("Describe."))


async def test_a_picture_that_vllm_wrongly_considered_cached_is_sent_again(started, monkeypatch):
    outputs = iter(["error", "stop"])

    class Output:
        prompt_token_ids, num_cached_tokens = (1, 2, 3), 0

        @property
        def outputs(self):
            return [SimpleNamespace(finish_reason=self.reason, text="A dog.", token_ids=(4, 5))]

        def __init__(self):
            self.reason = "stop"

    class Twice(Serving):
        def ask(self, name, call):
            self._output = Output()
            self._output.reason = next(outputs)
            super().ask(name, call)

    monkeypatch.setattr(vllm_running, "Serving", Twice)
    assert (await started(1).complete(call("Describe."))).text == "A dog."
    assert next(outputs, None) is None


async def test_a_cancelled_call_is_cancelled_in_the_engine_and_forgotten(started):
    engine = started()
    asked = asyncio.create_task(engine.complete(call("Describe.")))
    await asyncio.sleep(0)
    assert engine.running == 1
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert (engine.running, engine._serving.cancelled) == (0, ["0"])


async def test_a_close_ends_all_waiting_calls_and_is_orderly(started):
    engine = started()
    asked = [asyncio.create_task(engine.complete(call(f"{number}"))) for number in range(3)]
    await asyncio.sleep(0)
    await engine.aclose()
    results = await asyncio.gather(*asked, engine.complete(call("late")), return_exceptions=True)
    assert [type(result) for result in results] == [NotRunError] * 4
    assert engine._serving.ends == [True]


async def test_an_engine_that_stops_serving_is_dead_to_all_its_calls(started):
    engine = started()
    engine._serving.broken = True
    asked = asyncio.create_task(engine.complete(call("Describe.")))
    await asyncio.sleep(0)
    engine._serving.end(orderly=False)
    results = await asyncio.gather(asked, engine.complete(call("late")), return_exceptions=True)
    assert [type(result) for result in results] == [DeadError] * 2
    with pytest.raises(KeyError):
        await engine.aclose()


async def test_the_thread_s_end_ends_the_serving(started):
    engine = started()
    await asyncio.sleep(0)
    thread_ended = engine._serving.end
    thread_ended(orderly=False)
    await engine._served
