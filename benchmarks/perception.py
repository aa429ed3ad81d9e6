"""Descriptions per second: a prism run beside vLLM's own offline `LLM.chat`, on the same model, pictures and limits.

    python benchmarks/perception.py [--images 400] [--tokens 32] [--rounds 3] [--model FOLDER]

Our side is all that `prism run --mode perception` does between a started engine and the written results: look-ups, the
scheduler, decoding pictures, the cache on disk, the journal, the tables. Their side is one call with all pictures.

Both sides run in a process of their own, started anew for each round and in turn (ours, theirs, theirs, ours, ...), so
that a busy machine hits both alike. The engine's start, a warm-up with other pictures, and the first reading of the
benchmark file are not counted. Without `--model` the demo's tiny random checkpoint is used, where the engine's own work
is small: a hard test for what lies around it.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image as Picture
from PIL import ImageDraw

from prism_engine.api.parts import Parts, assembled
from prism_engine.api.results import Layout, write_results
from prism_engine.backends.base import Backend
from prism_engine.config import Mode, RunConfig, SamplingConfig, VllmModel, load_registry
from prism_engine.demo.checkpoints import IMAGE_SIZE, build_checkpoints
from prism_engine.engine.journal import Journal
from prism_engine.engine.progress import Progress
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.prompts import instruction_text
from prism_engine.records import Call, Completion, Image, Message, ModelIdentity

INSTRUCTION = instruction_text("generic")
WARM_UP = 64
"""Pictures of their own that each side describes before the clock starts."""
OPTIONS = {"max_model_len": 1024, "max_num_seqs": 128, "enforce_eager": True, "dtype": "float32", "seed": 0}


def make_pictures(folder: Path, count: int) -> list[Path]:
    """Draw pictures no two of which are alike, so that no cache of vLLM's helps either side."""
    paths = [folder / f"{number:05}.png" for number in range(count)]
    for number, path in enumerate(paths):
        chance = random.Random(number)  # noqa: S311 - the same pictures each time
        drawn = Picture.new("RGB", (IMAGE_SIZE, IMAGE_SIZE), tuple(chance.choices(range(256), k=3)))
        for _ in range(5):
            left, top = chance.choices(range(IMAGE_SIZE - 40), k=2)
            ImageDraw.Draw(drawn).ellipse((left, top, left + 40, top + 40), fill=tuple(chance.choices(range(256), k=3)))
        drawn.save(path)
    return paths


class Started(Backend):
    """An engine that is up already, and that the run leaves up: starting and stopping it is not what is measured."""

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


def write_benchmark(path: Path, pictures: list[Path]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(("index", "image", "question"))
        for number, picture in enumerate(pictures):
            writer.writerow((number, base64.b64encode(picture.read_bytes()).decode(), "What is shown?"))


def measure_ours(model: str, paths: list[Path], tokens: int) -> tuple[float, int]:
    """Return seconds for all pictures, and the tokens that were written."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_benchmark(folder / "Pictures.tsv", paths[WARM_UP:])
        config = RunConfig(
            benchmark=str(folder / "Pictures.tsv"),
            perceiver="vlm",
            mode=Mode.PERCEPTION,
            perception=SamplingConfig(max_tokens=tokens),
            cache_dir=folder / "cache",
            results_dir=folder / "results",
            models={"vlm": VllmModel(model=model, engine=OPTIONS)},
        )
        with assembled(config, load_registry(), look_only=False) as parts:
            return asyncio.run(describe_all(parts, Layout.of(config, "Pictures"), paths[:WARM_UP]))


async def describe_all(parts: Parts, layout: Layout, warm_up: list[Path]) -> tuple[float, int]:
    engine = parts.perceiving.backend
    assert engine is not None
    first = [Message("user", (Image(path.name, path), INSTRUCTION)) for path in warm_up]
    calls = [
        Call("perceive", ModelIdentity("vlm", ()), (message,), parts.config.perception.to_sampling())
        for message in first
    ]
    await asyncio.gather(*map(engine.generate, calls))
    parts.perceiving.backend = Started(engine)
    began = time.perf_counter()
    progress = Progress(parts.count, parts.perceiving.meter, None)
    journal = Journal(layout.folder / "journal.jsonl", parts.count)
    await execute(parts.run(journal), progress, Stop())
    write_results(layout, journal, parts, progress, "complete")
    seconds = time.perf_counter() - began
    await engine.aclose()
    assert progress.done == parts.count, progress
    return seconds, progress.perceiver.completion_tokens


def measure_theirs(model: str, paths: list[Path], tokens: int) -> tuple[float, int]:
    """The same for vLLM's offline interface, which is given the same files in one call."""
    from vllm import LLM, SamplingParams  # noqa: PLC0415 - heavy

    llm = LLM(model=model, allowed_local_media_path="/", limit_mm_per_prompt={"video": 0, "audio": 0}, **OPTIONS)
    sampling = SamplingParams(temperature=0.0, max_tokens=tokens)

    def chat(some: list[Path]) -> int:
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
            for path in some
        ]
        outputs = llm.chat(messages, sampling, use_tqdm=False)
        return sum(len(output.outputs[0].token_ids) for output in outputs)

    chat(paths[:WARM_UP])
    began = time.perf_counter()
    written = chat(paths[WARM_UP:])
    return time.perf_counter() - began, written


def run_side(side: str, model: str, folder: Path, tokens: int) -> tuple[float, int]:
    """Measure one side in a fresh process."""
    command = [
        sys.executable,
        __file__,
        "--side",
        side,
        "--model",
        model,
        "--folder",
        str(folder),
        "--tokens",
        str(tokens),
    ]
    quiet = {"VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}
    done = subprocess.run(command, env=quiet | os.environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stderr}")
    seconds, written = json.loads(done.stdout.splitlines()[-1])
    return seconds, written


def compare(model: str, images: int, tokens: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_pictures(folder, WARM_UP + images)
        rates: dict[str, list[float]] = {"ours": [], "theirs": []}
        for number in range(rounds):
            for side in ("ours", "theirs") if number % 2 == 0 else ("theirs", "ours"):
                seconds, written = run_side(side, model, folder, tokens)
                rates[side].append(images / seconds)
                print(
                    f"round {number + 1}, {side:>6}: {images / seconds:6.1f} pictures/s, {written} tokens", flush=True
                )
    ratios = [ours / theirs for ours, theirs in zip(rates["ours"], rates["theirs"], strict=True)]
    for side, values in rates.items():
        print(f"{side:>6}: median {statistics.median(values):.1f} pictures/s ({min(values):.1f} to {max(values):.1f})")
    median = statistics.median(rates["ours"]) / statistics.median(rates["theirs"])
    print(f" ratio: {median:.2f} of the medians, {min(ratios):.2f} to {max(ratios):.2f} by round")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--tokens", type=int, default=32, help="output limit of each description")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", help="folder or hub id of a vision-language model (default: the demo's)")
    parser.add_argument("--side", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        paths = sorted(given.folder.iterdir())
        if given.side == "ours":
            result = measure_ours(given.model, paths, given.tokens)
        else:
            result = measure_theirs(given.model, paths, given.tokens)
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as folder:
        model = given.model or str(build_checkpoints(Path(folder) / "demo").vlm)
        compare(model, given.images, given.tokens, given.rounds)


if __name__ == "__main__":
    main()
