"""A program that `vllm/test_plugin.py` interrupts and kills: one line per event on stdout, process ids included.

The suite starts its engine in addition to the session's: testing a process that dies with its engine at work requires a
separate process and engine. Both signals hit this same engine: it survives Ctrl-C, but not the later `kill -9` of its
parent. The regular closing of an engine is tested with the session's engine.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from typing import TYPE_CHECKING

from prism_engine.backends.vllm.engine import VllmEngine
from prism_engine.config import VllmModel
from prism_engine.errors import NotRunError
from tests.backends.processes import engine_processes
from tests.backends.vllm_calls import call

if TYPE_CHECKING:
    from prism_engine.backends.vllm.running import RunningEngine


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def ask_until_drained(engine: VllmEngine, number: int) -> int:
    """Make one call after another; return how many were answered before the first one that was not sent."""
    for answered in itertools.count():
        try:
            await engine.generate(call(f"{number} {answered}"))
        except NotRunError:
            return answered
    raise AssertionError


async def ask_forever(engine: RunningEngine, number: int) -> None:
    for answered in itertools.count():
        await engine.complete(call(f"{number} {answered}"))


async def main(model: str) -> None:
    options = {"dtype": "float32", "max_model_len": 1024, "enforce_eager": True, "max_num_seqs": 8}
    engine = VllmEngine(VllmModel(model=model, engine=options))
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, engine.drain)
    await engine.generate(call("Hello."))
    work = asyncio.gather(*(ask_until_drained(engine, number) for number in range(60)), return_exceptions=True)
    await asyncio.sleep(0.05)
    say("working", *engine_processes())
    results = await work
    say("drained", sum(result for result in results if isinstance(result, int)), *map(repr, filter(is_error, results)))
    assert (
        engine._engine is not None
    )  # drained, it sends nothing more; call the engine below it until this process is killed
    asking = asyncio.gather(*(ask_forever(engine._engine, number) for number in range(60)))
    await asyncio.sleep(0.05)
    say("working", *engine_processes())
    await asking


def is_error(result: object) -> bool:
    return isinstance(result, BaseException)


if __name__ == "__main__":
    os.environ["VLLM_CPU_KVCACHE_SPACE"] = "1"
    asyncio.run(main(sys.argv[1]))
