"""A whole evaluation compared with the original Prism: same checkpoint, pictures, questions and reasoner server.

The original pipeline, reimplemented here in a few lines: transformers' `generate` describes one picture at a time, and
the descriptions are pickled every ten; once all are done, a thread pool sends the questions, and after every reply the
pickle of all replies is read and rewritten. The pool has 4 threads, the original's default; the script also prints the
figure with as many threads as prism has concurrent requests, and the time of each part.

Both start from the benchmark's TSV and end with an answer per question; prism also writes and scores its results. The
original gets the number of torch threads that is fastest for it. Each side is a process that stays up; they alternate,
each round on new pictures. The start of the model or the engine is measured separately, and the last lines report the
ratio with it included. The server (`prism chaos`) takes half a second per reply and has no limits.

    python benchmarks/original.py [--images 240] [--rounds 5]

Exits with 1 if the median ratio (without the starts) is below 5.
"""

from __future__ import annotations

import argparse
import base64
import csv
import io
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from perception import OPTIONS  # type: ignore[import-not-found]  # a script can import its sibling scripts

from prism_engine.config import ApiModel, Arm, RunConfig, SamplingConfig, VllmModel, load_registry
from prism_engine.nano import CAPTIONER
from prism_engine.prompts import instruction_text, reasoning_messages
from prism_engine.records import Option, Sample
from prism_engine.scenes import write_benchmark

BAR = 5.0
LATENCY = 0.5
THREADS = 4
"""The default of the original's pool."""
MANY_THREADS = 64
"""prism's default limit of concurrent requests."""
EVERY = 10
"""The original pickles all descriptions after this many new ones."""
LIMIT = SamplingConfig().max_tokens
WARM_UP = 24
MMSTAR = 1500
"""Samples of MMStar, the benchmark Prism was made for; the ratio with both starts is extrapolated to it."""


class Theirs:
    """The original Prism pipeline."""

    def __init__(self) -> None:
        from transformers import AutoModelForImageTextToText, AutoProcessor  # noqa: PLC0415 - heavy

        self._processor = AutoProcessor.from_pretrained(CAPTIONER)
        self._model = AutoModelForImageTextToText.from_pretrained(CAPTIONER, dtype="float32").eval()
        words = [{"type": "image"}, {"type": "text", "text": instruction_text("generic")}]
        self._prompt = self._processor.apply_chat_template(
            [{"role": "user", "content": words}], add_generation_prompt=True, tokenize=False
        )
        self._threads: int | None = None

    def choose_threads(self, pictures: list[str]) -> None:
        """Give torch the fastest number of threads here: so small a model may be slower with more than one."""
        import torch  # noqa: PLC0415 - heavy

        took = {}
        for threads in (1, torch.get_num_threads(), 1, torch.get_num_threads()):
            torch.set_num_threads(threads)
            begun = time.perf_counter()
            for picture in pictures:
                self._describe(picture)
            took[threads] = time.perf_counter() - begun
        self._threads = min(took, key=took.__getitem__)
        torch.set_num_threads(self._threads)

    def run(self, folder: Path, url: str) -> dict[str, float]:
        with (folder / "made.tsv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        if self._threads is None:
            self.choose_threads([row["image"] for row in rows[:6]])
        begun = time.perf_counter()
        descriptions: dict[int, str] = {}
        kept = folder / "descriptions.pkl"
        for number, row in enumerate(rows):
            descriptions[number] = self._describe(row["image"])
            if (number + 1) % EVERY == 0 or number + 1 == len(rows):
                kept.write_bytes(pickle.dumps(descriptions))
        described = time.perf_counter()
        prompts = {number: _prompt(row, descriptions[number]) for number, row in enumerate(rows)}
        took = {"describing": described - begun}
        for threads in (THREADS, MANY_THREADS):
            begun = time.perf_counter()
            answer_all(prompts, url, folder / f"replies {threads}.pkl", threads)
            took[f"answering, {threads} threads"] = time.perf_counter() - begun
        return took

    def _describe(self, encoded: str) -> str:
        import torch  # noqa: PLC0415 - heavy
        from PIL import Image  # noqa: PLC0415

        picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
        inputs = self._processor(text=[self._prompt], images=[[picture]], add_special_tokens=False, return_tensors="pt")
        inputs.pop("token_type_ids", None)
        with torch.inference_mode():
            ids = self._model.generate(**inputs, max_new_tokens=LIMIT, do_sample=False)
        (text,) = self._processor.batch_decode(ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        return str(text).strip()


def _prompt(row: dict[str, str], description: str) -> str:
    options = tuple(Option(letter, row[letter]) for letter in "ABCD" if row[letter])
    sample = Sample(0, row["index"], (), row["question"], options=options)
    (message,) = reasoning_messages(sample, description)
    return str(message.parts[0])


def answer_all(prompts: dict[int, str], url: str, kept: Path, threads: int) -> None:
    """Send all prompts from a thread pool; read and rewrite the file of all replies after each."""
    lock = threading.Lock()
    kept.write_bytes(pickle.dumps({}))

    def answer(number: int) -> None:
        asked = {"role": "user", "content": prompts[number]}
        body = json.dumps({"model": "chaos", "messages": [asked], "max_tokens": LIMIT, "temperature": 0})
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{url}/chat/completions", body.encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
            text = json.load(reply)["choices"][0]["message"]["content"]
        with lock:
            replies = pickle.loads(kept.read_bytes())  # noqa: S301 - written a moment ago, by us
            replies[number] = text
            kept.write_bytes(pickle.dumps(replies))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(answer, prompts))


class Ours:
    """A run of prism on an engine that stays up."""

    def __init__(self) -> None:
        from asyncio import Runner  # noqa: PLC0415

        self._runner = Runner()
        self._engine: Any = None

    def run(self, folder: Path, url: str) -> dict[str, float]:
        from saturation import timed  # type: ignore[import-not-found]  # noqa: PLC0415 - not in the other process

        from prism_engine.backends.factory import build_backend, identify_model, pinned  # noqa: PLC0415

        captioner = VllmModel(model=str(CAPTIONER), engine=OPTIONS)
        cache = folder / "cache"
        if self._engine is None:
            self._engine = build_backend("vlm", pinned(captioner, identify_model("vlm", captioner, cache)), cache)
        config = RunConfig(
            benchmark=str(folder / "made.tsv"),
            perceiver="vlm",
            reasoner="llm",
            mode=Arm.ALL,
            cache_dir=cache,
            results_dir=folder / "results",
            models={"vlm": captioner, "llm": ApiModel(model="chaos", base_url=url, api_key_env=None)},
        )
        assert load_registry()
        begun = time.perf_counter()
        self._runner.run(timed(config, self._engine))
        return {"everything": time.perf_counter() - begun}


class Side:
    """One of the two processes."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        quiet = {"VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}
        command = [sys.executable, __file__, "--side", name, "--url", url]
        self._process = subprocess.Popen(
            command, env=quiet | os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, folder: Path) -> dict[str, float]:
        """Return the seconds of each part."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{folder}\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("{"):
                took: dict[str, float] = json.loads(line)
                return took
        raise SystemExit(f"{self.name} ended with exit code {self._process.wait()}")

    def end(self) -> None:
        """Close the process's input, which ends it, and wait."""
        self._process.communicate()


def serve_side(name: str, url: str) -> None:
    side = Ours() if name == "ours" else Theirs()
    for line in sys.stdin:
        print(json.dumps(side.run(Path(line.strip()), url)), flush=True)
    if isinstance(side, Ours) and side._engine is not None:  # noqa: SLF001
        side._runner.run(side._engine.aclose())  # noqa: SLF001


def fresh(scratch: Path, images: int, seed: int) -> Path:
    folder = Path(tempfile.mkdtemp(dir=scratch))
    with (folder / "made.tsv").open("w", newline="", encoding="utf-8") as file:
        write_benchmark(file, images, seed)
    return folder


def same_descriptions(folder: Path) -> float:
    """Return the share of samples with the same description on both sides."""
    theirs = pickle.loads((folder / "descriptions.pkl").read_bytes())  # noqa: S301 - our own child's
    (predictions,) = (folder / "results").rglob("predictions.jsonl")
    ours = [json.loads(line)["description"].strip() for line in predictions.read_text().splitlines()]
    assert len(ours) == len(theirs), (len(ours), len(theirs))
    return statistics.fmean(text == theirs[number] for number, text in enumerate(ours))


def compare(scratch: Path, url: str, images: int, rounds: int) -> bool:
    starts: dict[str, float] = {}
    sides = {}
    for name in ("ours", "theirs"):
        begun = time.perf_counter()
        sides[name] = Side(name, url)
        sides[name].run(fresh(scratch, WARM_UP, -1))
        starts[name] = time.perf_counter() - begun
    totals: dict[str, list[float]] = {"prism": [], f"{THREADS} threads": [], f"{MANY_THREADS} threads": []}
    for number in range(rounds):
        folder = fresh(scratch, images, number)
        took: dict[str, float] = {}
        for name in ("ours", "theirs") if number % 2 == 0 else ("theirs", "ours"):
            took |= sides[name].run(folder)
        totals["prism"].append(took["everything"])
        for threads in (THREADS, MANY_THREADS):
            totals[f"{threads} threads"].append(took["describing"] + took[f"answering, {threads} threads"])
        parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items() if name != "everything")
        print(
            f"round {number + 1}: prism-engine {took['everything']:.1f} s; original: {parts}; same descriptions "
            f"{same_descriptions(folder):.1%}",
            flush=True,
        )
    for side in sides.values():
        side.end()
    return report(totals, starts, images)


def report(totals: dict[str, list[float]], starts: dict[str, float], images: int) -> bool:
    """Print the ratios and return whether the target is met."""
    ours = totals.pop("prism")
    print(
        f"start and first {WARM_UP} samples, once: prism-engine {starts['ours']:.1f} s, "
        f"original {starts['theirs']:.1f} s"
    )
    kept = []
    for name, theirs in totals.items():
        ratios = [other / mine for mine, other in zip(ours, theirs, strict=True)]
        kept.append(statistics.median(ratios) >= BAR)
        each, other = statistics.median(ours) / images, statistics.median(theirs) / images
        cold = (starts["theirs"] + MMSTAR * other) / (starts["ours"] + MMSTAR * each)
        print(
            f"original / prism-engine, {name}: median {statistics.median(ratios):.1f} ({min(ratios):.1f} to "
            f"{max(ratios):.1f}, {len(ratios)} rounds); extrapolated to {MMSTAR:,} samples with both starts {cold:.1f}"
        )
    print(f"target {BAR:g} with {THREADS} threads: {'met' if kept[0] else 'NOT MET'}")
    return kept[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=240, help="pictures of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        serve_side(given.side, given.url)
        return
    command = [sys.executable, "-m", "prism_engine", "chaos", "--port", "0", "--latency", str(LATENCY)]
    with (
        tempfile.TemporaryDirectory() as scratch,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            holds = compare(Path(scratch), server.stdout.readline().strip(), given.images, given.rounds)
        finally:
            server.terminate()
    sys.exit(not holds)


if __name__ == "__main__":
    main()
