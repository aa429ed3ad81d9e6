"""Overhead of the engine itself: time per sample and peak memory, with models that answer immediately.

Runs prism with scripted models (no delay) on 10,000 and on 100,000 samples, each in its own process, and prints
microseconds per sample, peak resident memory, and the ratio of the two peaks. Every sample has its own picture, so
nothing is shared: two calls, two cache writes and one result line each. Reading the benchmark (once per file) is not
counted.

    python benchmarks/scheduler.py [--small 10000] [--large 100000]
"""

from __future__ import annotations

import argparse
import base64
import csv
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

HEADER = ("index", "image", "question", "A", "B", "C", "D", "answer", "category")

CHILD = """
import json, resource, sys, time
from prism_engine import api
from prism_engine.config import RunConfig, ScriptedModel, load_registry

folder, benchmark = sys.argv[1:]
config = RunConfig(
    benchmark=benchmark, perceiver="p", reasoner="r", cache_dir=folder + "/cache", results_dir=folder + "/results",
    models={"p": ScriptedModel(replies=("A description. " * 20,)), "r": ScriptedModel(replies=("A", "B", "C", "D"))},
)
begun = time.perf_counter()
report = api.run(config, load_registry())
wall = time.perf_counter() - begun
assert report.status.value == "complete", report
print(json.dumps({
    "scheduled": report.progress.seconds, "wall": wall, "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
}))
"""


def write_benchmark(path: Path, count: int) -> None:
    """Write `count` rows, each with its own picture (8x8 pixels)."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(HEADER)
        for row in range(count):
            buffer = io.BytesIO()
            Image.new("RGB", (8, 8), (row & 255, row >> 8 & 255, row >> 16 & 255)).save(buffer, "PNG")
            picture = base64.b64encode(buffer.getvalue()).decode()
            writer.writerow(
                (row, picture, f"Question {row}?", "a", "b", "c", "d", "ABCD"[row % 4], f"category {row % 6}")
            )


def measure(count: int, folder: Path) -> dict[str, float]:
    """Run once with a fresh cache in a separate process, after another process has read the benchmark."""
    folder.mkdir()
    benchmark = folder / "made.tsv"
    write_benchmark(benchmark, count)
    prism = [sys.executable, "-m", "prism_engine", "datasets", "check", str(benchmark)]
    subprocess.run([*prism, "--cache-dir", str(folder / "cache")], check=True, capture_output=True)
    command = [sys.executable, "-c", CHILD, str(folder), str(benchmark)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Measure both sizes and print them with their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=100_000)
    options = parser.parse_args()
    peaks = []
    with tempfile.TemporaryDirectory() as scratch:
        for count in (options.small, options.large):
            measured = measure(count, Path(scratch) / str(count))
            peaks.append(measured["peak_kib"])
            print(
                f"{count:>9,} samples: {measured['scheduled'] / count * 1e6:6.0f} us per sample scheduled, "
                f"{measured['wall'] / count * 1e6:6.0f} us with results written, "
                f"peak {measured['peak_kib'] / 1024:6.0f} MiB"
            )
    print(f"peak memory, large / small: {peaks[1] / peaks[0]:.2f}")


if __name__ == "__main__":
    main()
