"""The engine's lanes compared with two worker pools and a queue: overhead per sample, memory, wall time.

Lanes: one coroutine takes a sample through both stages; samples with cached descriptions form one lane, the others a
second one. Pools: describing workers put samples with their descriptions into a bounded queue, and answering workers
take them out. For a fair comparison, the answering workers prefer the queue and take samples with cached descriptions
when it is empty. The pools exist only in this script, and handle neither failures nor stops. All other code is shared.

Models that answer immediately show the engine's own cost: CPU time per sample, and peak memory at two sizes. Models
with a delay show the wall time of two stages of equal length T, with 0, 50 and 90 % of the descriptions cached. Each
run is a separate process; the two designs alternate.

    python benchmarks/pools.py [--rounds 5] [--small 5000] [--large 40000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scheduler import write_benchmark  # type: ignore[import-not-found]  # a script can import its sibling scripts

from prism_engine import api
from prism_engine.config import Arm, RunConfig, ScriptedModel, load_registry
from prism_engine.engine import runner
from prism_engine.engine.first_pass import Order, first_pass
from prism_engine.engine.pipeline import recorded
from prism_engine.records import SampleResult, SampleStatus
from prism_engine.stages.context import Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.engine.progress import Progress
    from prism_engine.engine.runner import Run
    from prism_engine.engine.scheduler import Stop
    from prism_engine.records import Sample

    Described = tuple[Sample, tuple[Made, ...]]

WAYS = ("lanes", "pools")
WIDTH = 32
"""Concurrent calls of each model with a delay."""
DELAY = 0.25
"""Seconds per call of the reasoner with a delay."""
SAMPLES = 1280
"""Samples of each run with delays: T is 10 s."""
CACHED = (0.0, 0.5, 0.9)


def ordered(run: Run) -> Order:
    """Return all samples: those that are described (or need nothing at all), and the others."""
    order = Order.empty()
    for finished in first_pass(run.benchmark, run.benchmark.order(run.count), run.pipeline, run.store, order):
        order.described.extend(lookup.sample.position for lookup in finished)
    return order


async def two_pools(run: Run, progress: Progress, stop: Stop) -> None:
    """Take every sample through two pools of workers; replaces the scheduling of `engine/runner.py`."""
    (answering,) = run.pipeline.steps
    (perceiver,) = run.stages["perceive"]
    order = ordered(run)
    results = runner._Results(run, progress, stop)  # noqa: SLF001 - counts and journals as in the engine
    cached, missing = run.benchmark.samples(order.described), run.benchmark.samples(order.undescribed)
    queue: asyncio.Queue[Described | None] = asyncio.Queue(max(run.ahead, 1))

    async def describe(samples: Iterator[Sample]) -> None:
        for sample in samples:
            await queue.put((sample, await run.pipeline.context.describe(sample)))

    async def answer() -> None:
        while True:
            if queue.empty() and (sample := next(cached, None)) is not None:
                descriptions = await run.pipeline.context.describe(sample)
            elif (item := await queue.get()) is not None:
                sample, descriptions = item
            else:
                return
            text = run.pipeline.context.text(sample, [made.completion.text for made in descriptions])
            call = answering.call(sample, text)
            assert call is not None
            reply = await answering.complete(call)
            score = run.pipeline.score(reply.text, sample)
            made_calls = [*descriptions, Made(call, reply)]
            steps = recorded([made.call for made in made_calls], [made.completion for made in made_calls], sample)
            results.take(SampleResult(sample, SampleStatus.DONE, text, steps, score))

    answerers = 2 * runner._capacity(run.answering)  # noqa: SLF001
    async with asyncio.TaskGroup() as group:
        for _ in range(answerers):
            group.create_task(answer())
        async with asyncio.TaskGroup() as describers:
            for _ in range(runner._capacity(perceiver)):  # noqa: SLF001
                describers.create_task(describe(missing))
        for _ in range(answerers):
            await queue.put(None)


def config(folder: Path, benchmark: Path, mode: Arm, *, delays: tuple[float, float], samples: int | None) -> RunConfig:
    describing, answering = delays
    return RunConfig(
        benchmark=str(benchmark),
        perceiver="p",
        reasoner="r",
        mode=mode,
        samples=samples,
        cache_dir=folder / "cache",
        results_dir=folder / "results",
        models={
            "p": ScriptedModel(replies=("A description. " * 20,), delay=describing, concurrency=WIDTH),
            "r": ScriptedModel(replies=("A", "B", "C", "D"), delay=answering, concurrency=WIDTH),
        },
    )


def child(given: argparse.Namespace) -> None:
    """Run once with one of the two designs and print time, CPU time and peak memory."""
    if given.way == "pools":
        runner._take_all = two_pools  # noqa: SLF001 - the rest of the engine is unchanged
    delays = (given.describing, given.answering)
    one = config(given.folder, given.benchmark, Arm.ALL, delays=delays, samples=None)
    begun, worked = time.perf_counter(), time.process_time()
    report = api.run(one, load_registry())
    seconds, cpu = time.perf_counter() - begun, time.process_time() - worked
    assert report.status.value == "complete", report
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak}))


class Bench:
    """A benchmark that has been read once into a cache; every run gets a copy of that cache."""

    def __init__(self, folder: Path, samples: int) -> None:
        self.samples = samples
        self._folder = folder
        self._number = 0
        (folder / "first").mkdir(parents=True)
        self._file = folder / "made.tsv"
        write_benchmark(self._file, samples)
        self.cache_descriptions(1)

    def cache_descriptions(self, count: int) -> None:
        """Put the descriptions of the first `count` samples, in visiting order, into the cache."""
        one = config(self._folder / "first", self._file, Arm.PERCEPTION, delays=(0, 0), samples=count)
        api.run(one, load_registry())

    def run(self, way: str, describing: float = 0.0, answering: float = 0.0) -> dict[str, float]:
        """Run once, in a separate process and folder."""
        self._number += 1
        folder = self._folder / str(self._number)
        shutil.copytree(self._folder / "first" / "cache", folder / "cache", copy_function=_copied)
        options: list[Any] = ["--way", way, "--folder", folder, "--benchmark", self._file]
        options += ["--describing", describing, "--answering", answering]
        command = [sys.executable, __file__, *map(str, options)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        shutil.rmtree(folder)
        figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return figures


def _copied(source: str, target: str) -> None:
    """Copy databases, which the run writes to; link pictures, which never change."""
    if ".sqlite" in Path(source).name:
        shutil.copy2(source, target)
    else:
        os.link(source, target)


def compared(name: str, unit: str, pairs: list[tuple[float, float]]) -> None:
    lanes, pools = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    ratios = [pair[1] / pair[0] for pair in pairs]
    spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
    print(
        f"{name}: lanes {lanes:,.4g} {unit}, pools {pools:,.4g} {unit}; "
        f"pools / lanes: median {statistics.median(ratios):.3f} ({spread})",
        flush=True,
    )


def in_turns(
    bench: Bench, rounds: int, describing: float = 0.0, answering: float = 0.0
) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Return the figures of lanes and pools in each round."""
    found = []
    for number in range(rounds):
        ways = WAYS if number % 2 == 0 else WAYS[::-1]
        figures = {way: bench.run(way, describing, answering) for way in ways}
        found.append((figures["lanes"], figures["pools"]))
    return found


def compare(scratch: Path, rounds: int, small: int, large: int) -> None:
    for size, turns in ((small, rounds), (large, 1)):
        bench = Bench(scratch / f"quick {size}", size)
        both = in_turns(bench, turns)
        compared(f"{size:,} samples, CPU each", "us", [(a["cpu"] / size * 1e6, b["cpu"] / size * 1e6) for a, b in both])
        compared(f"{size:,} samples, peak memory", "MiB", [(a["peak"], b["peak"]) for a, b in both])
    length = SAMPLES * DELAY / WIDTH
    for share in CACHED:
        bench = Bench(scratch / f"waiting {share}", SAMPLES)
        if count := round(share * SAMPLES):
            bench.cache_descriptions(count)
        both = in_turns(bench, rounds, describing=DELAY / (1 - share), answering=DELAY)
        compared(
            f"two stages of {length:g} s, {share:.0%} of descriptions cached, wall time",
            "T",
            [(a["seconds"] / length, b["seconds"] / length) for a, b in both],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--small", type=int, default=5000)
    parser.add_argument("--large", type=int, default=40_000)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--benchmark", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--describing", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--answering", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        child(given)
        return
    with tempfile.TemporaryDirectory() as scratch:
        compare(Path(scratch), given.rounds, given.small, given.large)


if __name__ == "__main__":
    main()
