"""A program that `test_vllm_plugin` interrupts and kills: one line per event on stdout, process ids included."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import signal
import sys

from prism_engine.backends.vllm_engine import VllmEngine
from prism_engine.config import VllmModel
from prism_engine.errors import NotRunError
from tests.backends.processes import descendants
from tests.backends.vllm_calls import call


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def engine_processes() -> list[int]:
    """Return the ids of the engine and its workers, without Python's own resource tracker."""
    children = [child.pid for child in multiprocessing.active_children() if child.pid]
    return [pid for child in children for pid in (child, *descendants(child))]


async def ask_until_drained(engine: VllmEngine, number: int) -> int:
    """Make one call after another; return how many were answered before one was not sent any more."""
    for answered in itertools.count():
        try:
            await engine.generate(call(f"Say something long, {number} {answered}.", max_tokens=200))
        except NotRunError:
            return answered
    raise AssertionError


async def engine_with_work(model: str) -> tuple[VllmEngine, asyncio.Future[list[int | BaseException]]]:
    options = {"dtype": "float32", "max_model_len": 1024, "enforce_eager": True, "max_num_seqs": 8}
    engine = VllmEngine(VllmModel(model=model, engine=options))
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, engine.drain)
    await engine.generate(call("Hello."))
    work = asyncio.gather(*(ask_until_drained(engine, number) for number in range(60)), return_exceptions=True)
    await asyncio.sleep(0.05)
    say("working", *engine_processes())
    return engine, work


async def main(model: str) -> None:
    engine, work = await engine_with_work(model)
    results = await work
    say("drained", sum(result for result in results if isinstance(result, int)), *map(repr, filter(is_error, results)))
    await engine.aclose()
    others = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    say("closed", len(engine_processes()), *others)
    engine, work = await engine_with_work(model)
    await work


def is_error(result: object) -> bool:
    return isinstance(result, BaseException)


if __name__ == "__main__":
    os.environ["VLLM_CPU_KVCACHE_SPACE"] = "1"
    asyncio.run(main(sys.argv[1]))
