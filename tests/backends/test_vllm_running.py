"""A running engine's errors, without vLLM: `test_vllm_engine` has the real one."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from prism_engine.backends.vllm_running import _MALFORMED, RunningEngine
from prism_engine.errors import DeadError, RejectedError
from tests.backends.vllm_calls import call


class Died(Exception):  # noqa: N818 - stands in for vLLM's EngineDeadError
    pass


class Failing(RunningEngine):
    """Raises what it is given where a call would be rendered and answered."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._model, self._log = "m", Path("engine.log")
        self._died = Died
        self._rejects = _MALFORMED  # type: ignore[assignment] # there are more with vLLM
        self._names, self._unanswered, self._closed = map(str, itertools.count()), set(), False

    async def _output(self, call, name):
        raise self._error


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
async def test_whatever_odd_input_makes_a_model_s_code_raise_is_the_failure_of_its_call(error):
    with pytest.raises(RejectedError, match="vLLM refuses the request"):
        await Failing(error).complete(call("Describe."))


async def test_a_dead_engine_is_not_the_fault_of_the_call():
    with pytest.raises(DeadError, match=r"engine\.log"):
        await Failing(Died()).complete(call("Describe."))
