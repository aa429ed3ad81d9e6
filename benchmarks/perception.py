"""Descriptions per second of a prism run and of vLLM's own offline `LLM.chat`, on the same model, pictures and limits.

    python benchmarks/perception.py [--images 1000] [--tokens 512] [--rounds 5] [--model FOLDER]

Our side is everything `prism run --mode perception` does between a started engine and the written results: look-ups,
the scheduler, decoding pictures, the cache on disk, the journal, the tables. Their side is one call with all pictures.

Both engines have the same options and stay up the whole time, each in its own process. They alternate (ours, theirs,
theirs, ours, ...) on new pictures, so that a drift in the machine's speed affects both equally. Starting the engines, a
warm-up, drawing the pictures, and the first reading of the benchmark file are not counted.

The pictures are PrismScenes, no scene twice. By default nano-captioner describes them. It ends its descriptions long
before the limit and is so small that the engine does little work, which makes any overhead around it visible. The
descriptions of another model may be of any length; `--tokens` then limits them.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import csv
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from prism_engine.api.build.parts import assembled
from prism_engine.api.results.run_folder import Layout, write_results
from prism_engine.backends.base import Backend
from prism_engine.config import Arm, RunConfig, SamplingConfig, VllmModel, load_registry
from prism_engine.engine.journal import Journal
from prism_engine.engine.progress import Progress
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.nano import CAPTIONER
from prism_engine.prompts import instruction_text
from prism_engine.scenes import drawn_scene, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image as Picture

    from prism_engine.records import Call, Completion

INSTRUCTION = instruction_text("generic")
WARM_UP = 64
"""Number of extra pictures that each side describes before the clock starts."""
OPTIONS = {
    "max_model_len": 1024,
    "max_num_seqs": 128,
    "enforce_eager": True,
    "dtype": "float32",
    "seed": 0,
    "limit_mm_per_prompt": {"video": 0, "audio": 0},
}
"""Options of both engines."""


def distinct_pictures() -> Iterator[Picture]:
    """Draw pictures of distinct scenes, so that vLLM's caches help neither side."""
    drawn = set()
    for seed in itertools.count():
        rng = random.Random(seed)  # noqa: S311 - the same pictures each time
        scene = drawn_scene(rng)
        if scene not in drawn:
            drawn.add(scene)
            yield render(scene, rng)


class Started(Backend):
    """An engine that is already up and that the run does not close, so its start and stop are not measured."""

    def __init__(self, engine: Backend) -> None:
        self._engine = engine

    @property
    def capacity(self) -> int:
        return self._engine.capacity

    async def generate(self, call: Call) -> Completion:
        return await self._engine.generate(call)

    def drain(self) -> None:
        self._engine.drain()

    async def aclose(self) -> None:
        pass


def write_benchmark(folder: Path) -> None:
    with (folder / "Pictures.tsv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(("index", "image", "question"))
        for number, picture in enumerate(sorted(folder.glob("*.png"))):
            writer.writerow((number, base64.b64encode(picture.read_bytes()).decode(), "What is shown?"))


async def ours(model: str, tokens: int) -> None:
    """Describe the pictures of each folder named on stdin; print seconds and tokens."""
    engine: Backend | None = None
    for line in sys.stdin:
        folder = Path(line.strip())
        write_benchmark(folder)
        config = RunConfig(
            benchmark=str(folder / "Pictures.tsv"),
            perceiver="vlm",
            mode=Arm.PERCEPTION,
            perception=SamplingConfig(max_tokens=tokens),
            cache_dir=folder / "cache",
            results_dir=folder / "results",
            models={"vlm": VllmModel(model=model, engine=OPTIONS)},
        )
        layout = Layout.of(config, "Pictures", "")
        with assembled(config, load_registry(), look_only=False) as parts:
            perceiver = parts.models["perceiver"]
            engine = engine or perceiver.backend
            assert engine is not None
            perceiver.backend = Started(engine)
            began = time.perf_counter()
            progress = Progress(parts.count, parts.meters)
            journal = Journal(layout.folder / "journal.jsonl", parts.count)
            await execute(parts.run(journal), progress, Stop())
            write_results(layout, journal, parts, progress, "complete")
            seconds = time.perf_counter() - began
        assert progress.done == parts.count, progress
        print(json.dumps([seconds, perceiver.meter.completion_tokens]), flush=True)
    if engine is not None:
        await engine.aclose()


def theirs(model: str, tokens: int) -> None:
    """The same for vLLM's offline interface, with the same files in one call."""
    from vllm import LLM, SamplingParams  # noqa: PLC0415 - heavy

    llm = LLM(model=model, allowed_local_media_path="/", **OPTIONS)
    sampling = SamplingParams(temperature=0.0, max_tokens=tokens)
    for line in sys.stdin:
        messages = [
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": path.as_uri()}},
                        {"type": "text", "text": INSTRUCTION},
                    ],
                }
            ]
            for path in sorted(Path(line.strip()).glob("*.png"))
        ]
        began = time.perf_counter()
        outputs = llm.chat(messages, sampling, use_tqdm=False)
        seconds = time.perf_counter() - began
        print(json.dumps([seconds, sum(len(output.outputs[0].token_ids) for output in outputs)]), flush=True)


class Side:
    """One of the two processes; its engine is up after the first reply."""

    def __init__(self, name: str, model: str, tokens: int) -> None:
        command = [sys.executable, __file__, "--side", name, "--model", model, "--tokens", str(tokens)]
        quiet = {"VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}
        self.name = name
        self.rates: list[float] = []
        self._process = subprocess.Popen(
            command, env=quiet | os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def describe(self, folder: Path) -> tuple[float, int]:
        """Return seconds and tokens for the pictures of a folder."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{folder}\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("["):
                seconds, tokens = json.loads(line)
                return seconds, tokens
        raise SystemExit(f"{self.name} ended with exit code {self._process.wait()}")

    def end(self) -> None:
        """Close the process's input, which ends it, and wait."""
        self._process.communicate()


def compare(model: str, images: int, tokens: int, rounds: int) -> None:
    sides = [Side("ours", model, tokens), Side("theirs", model, tokens)]
    with tempfile.TemporaryDirectory() as name:
        pictures = distinct_pictures()

        def fresh_pictures(count: int) -> Path:
            folder = Path(tempfile.mkdtemp(dir=name))
            for number, picture in enumerate(itertools.islice(pictures, count)):
                picture.save(folder / f"{number:09}.png")
            return folder

        for side in sides:
            side.describe(fresh_pictures(WARM_UP))
        for number in range(rounds):
            folder = fresh_pictures(images)
            for side in sides if number % 2 == 0 else sides[::-1]:
                seconds, written = side.describe(folder)
                side.rates.append(images / seconds)
                print(
                    f"round {number + 1}, {side.name:>6}: {side.rates[-1]:6.1f} pictures/s, {written} tokens",
                    flush=True,
                )
    ratios = [mine / other for mine, other in zip(sides[0].rates, sides[1].rates, strict=True)]
    for side in sides:
        side.end()
        spread = f"{min(side.rates):.1f} to {max(side.rates):.1f}"
        print(f"{side.name:>6}: median {statistics.median(side.rates):.1f} pictures/s ({spread})")
    print(f" ratio: median {statistics.median(ratios):.2f} by round ({min(ratios):.2f} to {max(ratios):.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=int, default=1000, help="pictures of each round")
    parser.add_argument("--tokens", type=int, default=SamplingConfig().max_tokens, help="token limit of a description")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", default=str(CAPTIONER), help="folder or hub id (default: nano-captioner)")
    parser.add_argument("--side", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side == "ours":
        asyncio.run(ours(given.model, given.tokens))
    elif given.side == "theirs":
        theirs(given.model, given.tokens)
    else:
        compare(given.model, given.images, given.tokens, given.rounds)


if __name__ == "__main__":
    main()
