"""Descriptions per second: prism's engine beside vLLM's own offline `LLM.chat`, on the same model, pictures and limits.

    python benchmarks/perception.py [--images 200] [--tokens 32] [--rounds 3] [--model FOLDER]

Both sides run in a process of their own, started anew for each round and in turn (ours, theirs, theirs, ours, ...), so
that a busy machine hits both alike. The engine's start and a warm-up of one call are not counted. Without `--model` the
demo's tiny random checkpoint is used, where the engine's own work is small: a hard test for what lies around it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from PIL import Image as Picture
from PIL import ImageDraw

from prism_engine.backends.vllm_engine import VllmEngine
from prism_engine.config import VllmModel
from prism_engine.demo.checkpoints import IMAGE_SIZE, build_checkpoints
from prism_engine.records import Call, Image, Message, ModelIdentity, Sampling

INSTRUCTION = "Describe this image."
OPTIONS = {"max_model_len": 1024, "max_num_seqs": 128, "enforce_eager": True, "dtype": "float32", "seed": 0}


def make_pictures(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{number}.png" for number in range(count)]
    for number, path in enumerate(paths):
        drawn = Picture.new("RGB", (IMAGE_SIZE, IMAGE_SIZE), tuple((number * step) % 256 for step in (37, 91, 151)))
        place = number % (IMAGE_SIZE // 2)
        ImageDraw.Draw(drawn).ellipse((place, place, place + 40, place + 40), fill=(255 - number % 256, 200, 30))
        drawn.save(path)
    return paths


async def measure_ours(model: str, paths: list[Path], tokens: int) -> tuple[float, int]:
    """Return seconds for all pictures, and the tokens that were written."""
    engine = VllmEngine(VllmModel(model=model, engine=OPTIONS))

    def call(path: Path) -> Call:
        picture = Image(sha256(path.read_bytes()).hexdigest(), path)
        sampling = Sampling(max_tokens=tokens)
        return Call("perceive", ModelIdentity("vlm", ()), (Message("user", (picture, INSTRUCTION)),), sampling)

    calls = [call(path) for path in paths]
    await engine.generate(call(paths[0]))
    began = time.perf_counter()
    completions = await asyncio.gather(*map(engine.generate, calls))
    seconds = time.perf_counter() - began
    await engine.aclose()
    return seconds, sum(completion.usage.completion_tokens or 0 for completion in completions)


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

    chat(paths[:1])
    began = time.perf_counter()
    written = chat(paths)
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
        make_pictures(folder, images)
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
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=32, help="output limit of each description")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", help="folder or hub id of a vision-language model (default: the demo's)")
    parser.add_argument("--side", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        paths = sorted(given.folder.iterdir())
        if given.side == "ours":
            result = asyncio.run(measure_ours(given.model, paths, given.tokens))
        else:
            result = measure_theirs(given.model, paths, given.tokens)
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as folder:
        model = given.model or str(build_checkpoints(Path(folder) / "demo").vlm)
        compare(model, given.images, given.tokens, given.rounds)


if __name__ == "__main__":
    main()
