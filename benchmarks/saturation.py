"""Overlap of perception and reasoning: wall time of a whole run against its slower side, and with a barrier between.

Part 1, scripted models that only wait: two stages of equal length T, where T is the number of calls times the delay
over the concurrency. For comparison, the same work with a barrier between the stages: all descriptions first, then the
answers.

Part 2, nano-captioner under vLLM in this process, and a reasoner behind a `prism chaos` server whose limit of requests
per minute is half of what perception alone reaches, equal to it (so neither side may wait for the other), and twice as
much. Perception alone is measured before and after each whole run. The API's bound is the number of requests over the
requests per minute; the server is strict, and its bucket holds one second. The engine stays up, so its start is never
counted; nor is the first reading of a benchmark. Look-ups, scheduling, the cache on disk, the journal and writing
results are counted everywhere. Each run has new pictures, and enough of them that one-off costs matter little: 2 to 3 s
until the first descriptions (vLLM decodes 128 pictures in lockstep), and the last replies.

Without a GPU, describing alone keeps all cores busy, and answering then takes CPU time from it. The script therefore
also prints the CPU time of prism and its engine together (without the server): it bounds any whole run from below.

    python benchmarks/saturation.py [--rounds 3] [--images 6000] [--part 1|2] [--shares 1 0.5]

Exits with 1 if the median of the rounds exceeds its limit: 1.08 T in part 1, 1.10 x the slower side in part 2.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import csv
import io
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
from perception import OPTIONS, Started, distinct_pictures  # type: ignore[import-not-found]  # a sibling script
from scheduler import HEADER, write_benchmark  # type: ignore[import-not-found]

from prism_engine.api.build.parts import assembled
from prism_engine.api.results.run_folder import Layout, write_results
from prism_engine.config import ApiModel, Arm, Limits, RunConfig, ScriptedModel, VllmModel, load_registry
from prism_engine.engine.journal import Journal
from prism_engine.engine.progress import Progress
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.nano import CAPTIONER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image as Picture

    from prism_engine.backends.base import Backend
    from prism_engine.config import ModelSpec

SCRIPTED_BAR = 1.08
REAL_BAR = 1.10
WIDTH = 16
"""Concurrent calls of each scripted model."""
DELAY = 1.0
"""Seconds per call of a scripted model."""
STEPS = 40
"""Consecutive calls per slot: T is STEPS delays."""
BURST = 1.0
"""Seconds of inflow that the server's bucket holds."""
SHARES = (0.5, 1.0, 2.0)
"""Limits of the server, relative to the rate of perception alone."""
WARM_UP = 64


@dataclass
class Ratios:
    """One line of the outcome: a ratio per round, and the limit for their median."""

    name: str
    bar: float | None
    values: list[float] = field(default_factory=list)

    def add(self, value: float) -> str:
        self.values.append(value)
        return f"{value:.3f}"

    @property
    def holds(self) -> bool:
        return self.bar is None or statistics.median(self.values) <= self.bar

    def __str__(self) -> str:
        bar = "" if self.bar is None else f"; limit {self.bar}: {'met' if self.holds else 'EXCEEDED'}"
        spread = f"{min(self.values):.3f} to {max(self.values):.3f}, {len(self.values)} rounds"
        return f"{self.name}: median {statistics.median(self.values):.3f} ({spread}){bar}"


async def timed(config: RunConfig, engine: Backend | None = None) -> tuple[float, dict[str, float]]:
    """Return the seconds from the first look-up to the written results, and the busy seconds of each stage.

    Args:
        engine: used for describing instead of an engine of the run's own, and left up.
    """
    name = Path(config.benchmark).stem
    layout = Layout.of(config, name, "")
    with assembled(config, load_registry(), look_only=False) as parts:
        if engine is not None and "perceiver" in parts.models:
            parts.models["perceiver"].backend = Started(engine)
        meters = parts.meters
        began = time.perf_counter()
        progress = Progress(parts.count, meters)
        journal = Journal(layout.folder / "journal.jsonl", parts.count)
        await execute(parts.run(journal), progress, Stop())
        write_results(layout, journal, parts, progress, "complete")
        seconds = time.perf_counter() - began
    assert progress.done == parts.count, progress
    return seconds, {stage: meter.busy_seconds for stage, meter in meters.items()}


async def scripted_part(folder: Path, rounds: int) -> list[Ratios]:
    """Run two scripted stages of equal length, overlapping and one after the other."""
    model = ScriptedModel(replies=("A", "B", "C", "D"), delay=DELAY, concurrency=WIDTH)
    both = Ratios("two stages of equal length T, whole run / T", SCRIPTED_BAR)
    barrier = Ratios("the same with a barrier between them, whole run / T", None)
    write_benchmark(folder / "made.tsv", STEPS * WIDTH)
    length = STEPS * DELAY
    print(f"part 1: {STEPS * WIDTH:,} samples, T = {length:g} s", flush=True)

    def config(mode: Arm, number: int, cache: str) -> RunConfig:
        cache_dir = folder / f"{number} {cache}"
        return RunConfig(
            benchmark=str(folder / "made.tsv"),
            perceiver="p",
            reasoner="r",
            mode=mode,
            cache_dir=cache_dir,
            results_dir=cache_dir / "results",
            models={"p": model, "r": model},
        )

    for number in range(rounds):
        whole, _ = await timed(config(Arm.ALL, number, "at once"))
        first, _ = await timed(config(Arm.PERCEPTION, number, "barrier"))
        second, _ = await timed(config(Arm.ALL, number, "barrier"))  # all descriptions cached: only answers remain
        said = both.add(whole / length), barrier.add((first + second) / length)
        print(f"  round {number + 1}: {said[0]}; with a barrier {said[1]}", flush=True)
    return [both, barrier]


def write_questions(path: Path, pictures: Iterator[Picture]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(HEADER)
        for row, picture in enumerate(pictures):
            buffer = io.BytesIO()
            picture.save(buffer, "PNG")
            encoded = base64.b64encode(buffer.getvalue()).decode()
            writer.writerow((row, encoded, f"Question {row}?", "a", "b", "c", "d", "ABCD"[row % 4], "one"))


@contextlib.contextmanager
def served(requests_per_minute: int) -> Iterator[str]:
    """Run a chaos server in its own process; yield its base URL."""
    options = ["--rpm", str(requests_per_minute), "--burst", str(BURST), "--latency", "0.2"]
    command = [sys.executable, "-m", "prism_engine", "chaos", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


class RunTiming(NamedTuple):
    """Timing of one run of part 2."""

    seconds: float
    cpu: float
    """CPU time in milliseconds per picture."""
    busy: dict[str, float]
    """Seconds during which each stage had calls in progress."""


class EngineRuns:
    """Perception-only and whole runs on one engine that stays up, each on new pictures."""

    def __init__(self, folder: Path, images: int) -> None:
        self._folder = folder
        self._images = images
        self._pictures = distinct_pictures()
        self._numbers = itertools.count()
        self._captioner = VllmModel(model=str(CAPTIONER), engine=OPTIONS)
        self._engine: Backend | None = None
        self._processes: list[psutil.Process] = []

    async def start(self) -> None:
        """Start the engine, and import and use everything once."""
        warm = self._config(Arm.PERCEPTION, WARM_UP)
        with assembled(warm, load_registry(), look_only=False) as parts:
            self._engine = parts.models["perceiver"].backend
        await timed(warm, self._engine)
        this = psutil.Process()
        self._processes = [this, *this.children(recursive=True)]

    async def end(self) -> None:
        assert self._engine is not None
        await self._engine.aclose()

    def cpu(self) -> float:
        """Return the CPU seconds used so far by this process and the engine's processes."""
        return sum(times.user + times.system for times in (process.cpu_times() for process in self._processes))

    async def perceive(self) -> RunTiming:
        """Run perception only."""
        return await self._timed(self._config(Arm.PERCEPTION, self._images))

    async def whole(self, requests_per_minute: int) -> RunTiming:
        """Run perception and reasoning."""
        with served(requests_per_minute) as url:
            limits = Limits(requests_per_minute=requests_per_minute)
            reasoner = ApiModel(model="chaos", base_url=url, api_key_env=None, limits=limits)
            return await self._timed(self._config(Arm.ALL, self._images, reasoner))

    async def _timed(self, config: RunConfig) -> RunTiming:
        begun = self.cpu()
        seconds, busy = await timed(config, self._engine)
        return RunTiming(seconds, (self.cpu() - begun) / self._images * 1000, busy)

    def _config(self, mode: Arm, images: int, reasoner: ModelSpec | None = None) -> RunConfig:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        write_questions(folder / "pictures.tsv", itertools.islice(self._pictures, images))
        models: dict[str, ModelSpec] = {"vlm": self._captioner}
        return RunConfig(
            benchmark=str(folder / "pictures.tsv"),
            perceiver="vlm",
            reasoner="llm" if reasoner else None,
            mode=mode,
            cache_dir=folder / "cache",
            results_dir=folder / "results",
            models=models | ({"llm": reasoner} if reasoner else {}),
        )


async def real_part(folder: Path, rounds: int, images: int, shares: list[float]) -> list[Ratios]:
    """Run nano-captioner under vLLM against servers with different limits."""
    runs = EngineRuns(folder, images)
    await runs.start()
    ratios = {share: Ratios(f"API at {share:g} x perception, whole run / slower side", REAL_BAR) for share in shares}
    barrier = Ratios("both sides equal, with a barrier between them (sum of the sides) / slower side", None)
    print(f"part 2: {images:,} pictures per run; the engine is up", flush=True)
    try:
        before = await runs.perceive()
        for number in range(rounds):
            for share, ratio in ratios.items():
                rate = images / before.seconds * share
                bound = images / rate
                whole = await runs.whole(round(rate * 60))
                after = await runs.perceive()  # before and after each run, since the machine's speed may drift
                alone = statistics.fmean((before.seconds, after.seconds))
                said = ratio.add(whole.seconds / max(alone, bound))
                if share == 1.0:
                    barrier.add((alone + bound) / max(alone, bound))
                print(
                    f"  round {number + 1}, API at {share:g} x perception: perception alone {before.seconds:.1f} and "
                    f"{after.seconds:.1f} s, API {bound:.1f} s, whole run {whole.seconds:.1f} s (busy: "
                    f"{whole.busy['describe']:.1f} and {whole.busy['answer']:.1f} s), ratio {said}; CPU per picture "
                    f"{before.cpu:.1f} and {after.cpu:.1f} ms alone, {whole.cpu:.1f} in the whole run",
                    flush=True,
                )
                before = after
    finally:
        await runs.end()
    return [*ratios.values(), *([barrier] if barrier.values else [])]


async def measure(rounds: int, images: int, parts: list[int], shares: list[float]) -> bool:
    outcome = []
    with tempfile.TemporaryDirectory() as scratch:
        for part in parts:
            folder = Path(scratch) / str(part)
            folder.mkdir()
            outcome += await (scripted_part(folder, rounds) if part == 1 else real_part(folder, rounds, images, shares))
    print(*outcome, sep="\n")
    return all(ratio.holds for ratio in outcome)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=6000, help="pictures of each run of part 2")
    parser.add_argument("--part", type=int, choices=[1, 2], help="run only this part")
    parser.add_argument(
        "--shares", type=float, nargs="+", default=SHARES, help="server limits of part 2, relative to perception alone"
    )
    given = parser.parse_args()
    quiet = {"VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}
    os.environ.update(quiet | os.environ)
    parts = [given.part] if given.part else [1, 2]
    sys.exit(not asyncio.run(measure(given.rounds, given.images, parts, given.shares)))


if __name__ == "__main__":
    main()
