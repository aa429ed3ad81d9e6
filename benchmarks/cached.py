"""What a run costs whose calls are all cached: CPU time per sample, wall time and peak memory, by size.

Makes a benchmark with a picture per row and a cache with both calls of every sample, then runs prism, results written,
each run in its own process. The slope between two sizes is the cost of a sample without the start of the program.

    python benchmarks/cached.py [--sizes 10000 100000 1000000] [--rounds 3] [--against CHECKOUT]

`--against` measures another checkout (such as the commit before a change) in turns with this one, and compares all
result files byte for byte. The largest size needs 5 GB of disk and a few minutes to prepare.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.scheduler import write_benchmark

HERE = Path(__file__).resolve().parents[1]

MODELS = """
from prism_engine.config import RunConfig, ScriptedModel
def config(folder, benchmark, results):
    return RunConfig(
        benchmark=benchmark, perceiver="p", reasoner="r", cache_dir=folder + "/cache", results_dir=results,
        models={"p": ScriptedModel(replies=("A description. " * 20,)), "r": ScriptedModel(replies=tuple("ABCD"))},
    )
"""

FILL = f"""
{MODELS}
import sqlite3, sys
from contextlib import closing
from prism_engine.api.build.parts import assembled
from prism_engine.cache import Store
from prism_engine.cache.call_rows import encode
from prism_engine.cache.storing import store_rows
from prism_engine.config import load_registry
from prism_engine.records import Completion, Outcome, Usage

folder, benchmark = sys.argv[1:]
made = config(folder, benchmark, folder + "/results")
Store(made.cache_dir / "calls.sqlite").close()
described = Completion(Outcome.OK, "A description. " * 20, finish_reason="stop", usage=Usage(900, 40))
with assembled(made, load_registry(), look_only=True) as parts, closing(sqlite3.connect(parts.store.path)) as db:
    context, (step,) = parts.pipeline.context, parts.pipeline.steps
    rows = []
    for number, sample in enumerate(parts.samples.samples(range(parts.sample_count)), start=1):
        (call,) = context.calls(sample)
        rows.append(encode(call, described))
        answer = Completion(Outcome.OK, "ABCD"[number % 3], finish_reason="stop", usage=Usage(120, 1))
        rows.append(encode(step.call(sample, context.text(sample, [described.text])), answer))
        if len(rows) >= 1_000 or number == parts.sample_count:
            with db:
                store_rows(db, rows)
            rows = []
"""

RUN = f"""
{MODELS}
import json, resource, sys, time
from prism_engine import api
from prism_engine.config import load_registry

folder, benchmark, results = sys.argv[1:]
begun = time.perf_counter()
report = api.run(config(folder, benchmark, results), load_registry())
wall = time.perf_counter() - begun
assert report.status.value == "complete" and report.progress.cached == report.progress.total, report
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({{"cpu": usage.ru_utime + usage.ru_stime, "wall": wall, "peak": usage.ru_maxrss / 1024}}))
"""


def child(checkout: Path, code: str, *arguments: str) -> str:
    """Run code of a checkout in its own process; return what it printed last."""
    checked = f"import prism_engine; assert prism_engine.__path__[0] == {str(checkout / 'prism_engine')!r}\n" + code
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-P", "-c", checked, *arguments]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()[-1] if done.stdout else ""


def prepare(folder: Path, count: int) -> Path:
    """Write a benchmark and the cache of its run."""
    folder.mkdir(parents=True, exist_ok=True)
    benchmark = folder / "made.tsv"
    if not (folder / "ready").exists():
        write_benchmark(benchmark, count)
        child(HERE, FILL, str(folder), str(benchmark))
        (folder / "ready").touch()
    return benchmark


def run_once(checkout: Path, folder: Path, benchmark: Path, results: Path) -> dict[str, float]:
    """Run once with all calls cached; return seconds of CPU and wall time, and peak memory in MiB."""
    shutil.rmtree(results, ignore_errors=True)
    measured: dict[str, float] = json.loads(child(checkout, RUN, str(folder), str(benchmark), str(results)))
    return measured


def contents(results: Path) -> dict[str, bytes]:
    """Return the result files by name, without the manifest and the status, which hold times and paths."""
    files = sorted(path for path in results.rglob("*") if path.is_file())
    return {
        str(path.relative_to(results)): path.read_bytes()
        for path in files
        if path.name not in ("manifest.json", "status.json") and not path.name.startswith("ledger")
    }


def measure(count: int, checkouts: dict[str, Path], rounds: int, scratch: Path) -> dict[str, list[dict[str, float]]]:
    """Run each checkout in turns; print each round."""
    folder = scratch / str(count)
    benchmark = prepare(folder, count)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in checkouts}
    for turn in range(1, rounds + 1):
        for name, checkout in checkouts.items():
            one = run_once(checkout, folder, benchmark, folder / f"results-{name}")
            found[name].append(one)
            print(
                f"{count:>9,} samples, round {turn}, {name:>6}: {one['cpu']:7.2f} s CPU, {one['wall']:7.2f} s wall, "
                f"peak {one['peak']:5.0f} MiB",
                flush=True,
            )
    if len(checkouts) > 1:
        first, *others = (contents(folder / f"results-{name}") for name in checkouts)
        same = all(first == other for other in others)
        print(f"{count:>9,} samples: {len(first)} result files, {'the same' if same else 'NOT THE SAME'} byte for byte")
    return found


def spread(values: list[float]) -> str:
    """Format a median with its range."""
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def main() -> None:
    """Measure all sizes and print the slopes between them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--scratch", type=Path, help="keep the prepared benchmarks and caches in this folder")
    options = parser.parse_args()
    checkouts = {"this": HERE} | ({"before": options.against.resolve()} if options.against else {})
    with tempfile.TemporaryDirectory() as temporary:
        scratch = options.scratch or Path(temporary)
        every = {size: measure(size, checkouts, options.rounds, scratch) for size in sorted(options.sizes)}
    for name in checkouts:
        for small, large in pairwise(every):
            pairs: list[tuple[Any, Any]] = list(zip(every[small][name], every[large][name], strict=True))
            slopes = [(b["cpu"] - a["cpu"]) / (large - small) * 1e6 for a, b in pairs]
            walls = [(b["wall"] - a["wall"]) / (large - small) * 1e6 for a, b in pairs]
            peaks = [b["peak"] / a["peak"] * 100 for a, b in pairs]
            print(
                f"{name}: from {small:,} to {large:,} samples: {spread(slopes)} us of CPU per sample, "
                f"{spread(walls)} us of wall time; memory {spread(peaks)} %"
            )


if __name__ == "__main__":
    main()
