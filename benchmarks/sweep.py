"""Time of a sweep against its two sides: does the reasoner stay busy while vLLM engines are swapped?

    python benchmarks/sweep.py [--engines stand-in|vllm] [--questions 400] [--share 0.6] [--rounds 1]

Two benchmarks x two perceivers x two instructions x two reasoners. Only one perceiver is up at a time:

- `vllm`: nano-captioner with two context windows, which makes two models for the cache and two engines.
- `stand-in`: imitates the timing of an engine. It takes five seconds to start, one second to stop, and half a second
  for each of up to 32 concurrent descriptions. No model runs, so two cores are enough to observe the scheduler.

The reasoners are two chaos servers in their own processes. Their latency is set so that the answers alone take
`--share` of the time of the descriptions alone.

Three runs per round, engine starts included: the descriptions alone; the answers alone, from the descriptions in the
cache; the sweep, with its own cache. The script prints the three times, the ratio of the sweep's time to that of the
longer side, the share of time each side was busy, and the calls made and planned (by `prism plan`). No answers can
overlap with the first engine's start, so with `--share 1` shorter runs have higher ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

from prism_engine import api
from prism_engine.api.build import workbench as shared
from prism_engine.backends.factory import build_backend
from prism_engine.backends.scripted import Scripted
from prism_engine.config import (
    ApiModel,
    Arm,
    Limits,
    RunConfig,
    SamplingConfig,
    ScriptedModel,
    VllmModel,
    load_registry,
)
from prism_engine.prompts import INSTRUCTIONS
from prism_engine.scenes import write_benchmark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.backends.base import Backend
    from prism_engine.budget import ModelBudget
    from prism_engine.config import ModelSpec
    from prism_engine.records import Call, Completion

ENGINE = {"dtype": "float32", "enforce_eager": True, "max_num_seqs": 32}
START, END, DELAY = 5.0, 1.0, 0.5
"""Seconds that a stand-in takes to start, to stop, and for a description."""
WINDOWS = {"narrow": 896, "wide": 1024}
REASONERS = ("left", "right")
CONCURRENCY = 16
WIDTH = 2
"""Number of values of each of the four dimensions."""


class StandIn(Scripted):
    """Imitates the timing of an engine for the scheduler."""

    starting: asyncio.Task[None] | None = None

    async def generate(self, call: Call) -> Completion:
        if self.starting is None:
            self.starting = asyncio.create_task(asyncio.sleep(START))
        await asyncio.wait([self.starting])
        return await super().generate(call)

    async def aclose(self) -> None:
        if self.starting is not None:
            await asyncio.sleep(END)
        await super().aclose()


def build(name: str, spec: ModelSpec, cache_dir: Path, budget: ModelBudget | None = None) -> Backend:
    """Build stand-ins for scripted models."""
    return StandIn(spec) if isinstance(spec, ScriptedModel) else build_backend(name, spec, cache_dir, budget)


class Timed(NamedTuple):
    """Outcome of one command."""

    seconds: float
    calls: tuple[int, int]
    """Descriptions and answers."""
    busy: tuple[float, float]
    """Share of the time in which a description, and in which an answer, was in progress."""


@contextmanager
def chaos(latency: float) -> Iterator[str]:
    """Run a chaos server in its own process; yield its base URL."""
    command = [sys.executable, "-m", "prism_engine.chaos.server", "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def perceivers(engines: str) -> dict[str, ModelSpec]:
    """Return the registry entries of the two perceivers."""
    if engines == "vllm":
        return {
            name: VllmModel(model="embedded:captioner", engine=ENGINE | {"max_model_len": window})
            for name, window in WINDOWS.items()
        }
    return {
        name: ScriptedModel(replies=tuple(f"{name} {number}" for number in range(5000)), delay=DELAY, concurrency=32)
        for name in WINDOWS
    }


def configured(
    folder: Path, cache: str, mode: Arm, urls: Sequence[str], seeing: dict[str, ModelSpec]
) -> list[RunConfig]:
    """Return the runs of the sweep in one mode."""
    models = seeing | {
        name: ApiModel(
            model="chaos", base_url=url, api_key_env=None, identity=name, limits=Limits(concurrency=CONCURRENCY)
        )
        for name, url in zip(REASONERS, urls, strict=True)
    }
    reasoners: Sequence[str | None] = REASONERS if mode.needs_reasoner else (None,)
    instructions = list(INSTRUCTIONS)[:WIDTH]
    return [
        RunConfig(
            benchmark=str(folder / f"scenes{number}.tsv"),
            perceiver=perceiver,
            instruction=instruction,
            reasoner=reasoner,
            mode=mode,
            perception=SamplingConfig(max_tokens=128),
            reasoning=SamplingConfig(max_tokens=16),
            cache_dir=folder / cache,
            results_dir=folder / f"results-{cache}-{mode.name}",
            models=models,
        )
        for perceiver, number, instruction, reasoner in product(WINDOWS, range(WIDTH), instructions, reasoners)
    ]


def measured(configs: Sequence[RunConfig]) -> Timed:
    """Run, and return the time including everything that was started for it."""
    begun = time.perf_counter()
    reports = api.run_many(configs, load_registry())
    seconds = time.perf_counter() - begun
    assert all(report.status.value == "complete" for report in reports), [
        (report.name, report.status, report.trouble) for report in reports
    ]
    describing = [meter for report in reports if (meter := report.progress.meters.get("perceive"))]
    answering = [meter for report in reports if (meter := report.progress.meters.get("reason"))]
    sides = (describing, answering)
    calls = (sum(meter.calls for meter in describing), sum(meter.calls for meter in answering))
    busy = [next((meter.whole for meter in side if meter.whole is not None), None) for side in sides]
    shares = [0.0 if meter is None else meter.busy_seconds / seconds for meter in busy]
    return Timed(seconds, calls, (shares[0], shares[1]))


def planned(configs: Sequence[RunConfig]) -> tuple[int, int]:
    """Return the planned calls: descriptions and answers."""
    plans = [one.plan for one in api.plan_many(configs, load_registry())]
    describing = [plan.stages["perceive"] for plan in plans if "perceive" in plan.stages]
    answering = [plan.stages["reason"] for plan in plans if "reason" in plan.stages]
    return sum(one.to_call for one in describing), sum(one.to_call + one.unknown for one in answering)


def measure(folder: Path, questions: int, share: float, seeing: dict[str, ModelSpec]) -> float:
    """Measure one round, print it, and return the ratio."""
    for number in range(WIDTH):
        with (folder / f"scenes{number}.tsv").open("w", encoding="utf-8", newline="") as file:
            write_benchmark(file, questions, seed=number)
    nowhere = ("http://127.0.0.1:9",) * len(REASONERS)
    described = measured(configured(folder, "sides", Arm.PERCEPTION, nowhere, seeing))
    _, answers = planned(configured(folder, "sides", Arm.ALL, nowhere, seeing))
    latency = share * described.seconds * CONCURRENCY * len(REASONERS) / answers
    with ExitStack() as servers:
        urls = [servers.enter_context(chaos(latency)) for _ in REASONERS]
        answered = measured(configured(folder, "sides", Arm.REASONING, urls, seeing))
        sweep = configured(folder, "sweep", Arm.ALL, urls, seeing)
        # The plan counts the maximum for answers that depend on missing descriptions; here their number is known.
        plan = (planned(sweep)[0], answers)
        whole = measured(sweep)
    ratio = whole.seconds / max(described.seconds, answered.seconds)
    print(
        f"{len(sweep)} runs of {questions} questions: descriptions alone {described.seconds:.0f} s, answers alone "
        f"{answered.seconds:.0f} s, sweep {whole.seconds:.0f} s, ratio {ratio:.2f}; describing {whole.busy[0]:.0%} and "
        f"answering {whole.busy[1]:.0%} of the time; calls {whole.calls}, planned {plan}"
    )
    return ratio


def main() -> None:
    """Measure the given number of rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", choices=["stand-in", "vllm"], default="stand-in")
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--share", type=float, default=0.6)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    ratios = []
    with ExitStack() as replaced:
        if options.engines == "stand-in":
            replaced.enter_context(patch.object(shared, "build_backend", build))
            replaced.enter_context(patch.object(ScriptedModel, "runs_locally", True))
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory() as scratch:
                ratios.append(measure(Path(scratch), options.questions, options.share, perceivers(options.engines)))
    print(f"sweep / longer side: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")


if __name__ == "__main__":
    main()
