"""Big tables: time and memory of `prism analyze`, `board` and `compare` on runs that are made for it.

    python -m benchmarks.tables [--rows 1.0] [--rounds 3] [--folder FOLDER] [--tree CHECKOUT ...]

Makes folders of finished runs (`finished_runs.py`; 4 GB, kept in `--folder` if it is given, else removed), and then
runs the real commands in processes of their own: wall time, CPU time of the process and its children, peak resident
memory. With several `--tree`, the same folders are read by each checkout in turns; CPU times and all bytes that they
print and write are compared. Exits with 1 if the last checkout misses a target.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.finished_runs import Bench, Models

HERE = Path(__file__).parents[1]
WORKERS = 2
BENCHMARKS = ("MMBench", "MMStar", "SEEDBench", "AI2D", "MME")


class Task(NamedTuple):
    """One command with its folder of runs and its targets."""

    name: str
    command: tuple[str, ...]
    """Without the folders; `{out}` is an empty folder for what it writes."""
    seconds: float
    mib: float
    """Most resident memory; infinite if only the time has a target."""


TASKS = (
    Task("analyze: 24 runs x 20,000 rows", ("analyze", "{runs}", "-o", "{out}"), 60, 1000),
    Task("board: 200 runs x 1,500 rows", ("board", "{runs}", "-o", "{out}"), 10, float("inf")),
    Task("board: 200 systems x 1,500 rows", ("board", "{runs}", "-o", "{out}"), 10, float("inf")),
    Task("compare: 100,000 rows, all differ", ("compare", "{first}", "{second}"), 5, float("inf")),
    Task(
        "compare -o: the same, with tables",
        ("compare", "{first}", "{second}", "-o", "{out}"),
        float("inf"),
        float("inf"),
    ),
)


class Spent(NamedTuple):
    """What one command used."""

    wall: float
    cpu: float
    mib: float


def planned(task: int, scale: float) -> Iterator[tuple[str, int, Models, list[bool] | None]]:
    """Yield a benchmark's name, rows and kind, and the models of each run of a task's folder."""
    from benchmarks.finished_runs import Models, arms, grid  # noqa: PLC0415 - imports prism, and the measuring process stays small

    if task == 0:
        for models in (*grid(4, 4), *arms(4, 2)):
            yield "MMBench", round(20_000 * scale), models, None
    elif task == 1:
        for name in BENCHMARKS:
            for models in grid(4, 5):
                for profile in ("prism", "v3"):
                    yield name, round(1_500 * scale), replace(models, profile=profile), None
    elif task == 2:
        for models in grid(20, 10):
            yield "MMStar", round(1_500 * scale), models, None
    else:
        rows = round(100_000 * scale)
        for turn, name in enumerate(("first", "second")):
            yield "MMBench", rows, Models(name, "llm"), [number % 2 == turn for number in range(rows)]


def make(task: int, scale: float, results: Path, part: int) -> None:
    """Write the runs of a task whose number leaves this remainder."""
    from benchmarks.finished_runs import Bench, write_run  # noqa: PLC0415 - see above
    from prism_engine.records import AnswerKind  # noqa: PLC0415 - see above

    benches: dict[str, Bench] = {}
    for number, (name, rows, models, right) in enumerate(planned(task, scale)):
        if number % WORKERS == part:
            kind = AnswerKind.MME if name == "MME" else AnswerKind.CHOICE
            bench = benches.setdefault(name, Bench(name, rows, kind))
            write_run(results, bench, models, right)


def prepare(folder: Path, scale: float) -> list[Path]:
    """Return a folder of runs per task, made unless it is there."""
    folders = [folder / f"{scale:g}-{min(number, 3)}" for number in range(len(TASKS))]
    missing = [(number, each) for number, each in enumerate(folders) if not each.exists()]
    with ProcessPoolExecutor(WORKERS) as pool:
        for number, each in missing:
            draft = each.with_suffix(".part")
            shutil.rmtree(draft, ignore_errors=True)
            list(pool.map(make, *zip(*((number, scale, draft, part) for part in range(WORKERS)), strict=True)))
            draft.rename(each)
    return folders


def run(tree: Path, task: Task, runs: Path, out: Path) -> Spent:
    """Run a command of a checkout and return what it used."""
    sides = {name: str(runs / "generic" / "MMBench" / name / "llm") for name in ("first", "second")}
    words = [word.format(runs=runs, out=out, **sides) for word in task.command]
    log = out.with_suffix(".log")
    with log.open("wb") as file:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "prism_engine", *words],
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=out.parent,
            env={**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200"},
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(words)} ended with {process.returncode}:\n{log.read_text()[-2000:]}")
    return Spent(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def digest(out: Path) -> str:
    """Return a digest of all files of a folder and of what was printed, without its own path."""
    total = hashlib.sha256()
    for path in sorted((*out.rglob("*"), out.with_suffix(".log"))):
        if path.is_file():
            content = path.read_bytes()
            total.update(content.replace(str(out).encode(), b"") if path.suffix in (".md", ".log") else content)
    return total.hexdigest()


def measure(trees: list[Path], task: Task, runs: Path, scratch: Path, rounds: int) -> bool:
    """Measure a command in all checkouts in turns and print it; return whether the last one meets the target."""
    spent: dict[Path, list[Spent]] = {tree: [] for tree in trees}
    digests: dict[Path, str] = {}
    for turn in range(rounds):
        for number, tree in enumerate(trees):
            out = scratch / f"out-{turn}-{number}"
            spent[tree].append(run(tree, task, runs, out))
            digests[tree] = digest(out)
            shutil.rmtree(out, ignore_errors=True)
    print(task.name)
    for tree, found in spent.items():
        wall, cpu, mib = (statistics.median(column) for column in zip(*found, strict=True))
        spread = f"{min(each.wall for each in found):.1f} to {max(each.wall for each in found):.1f}"
        print(f"  {tree.name:<10} {wall:7.2f} s ({spread}), {cpu:7.2f} s of CPU, {mib:6.0f} MiB", flush=True)
    if len(trees) > 1:
        ratios = [before.cpu / after.cpu for before, after in zip(spent[trees[0]], spent[trees[-1]], strict=True)]
        same = "the same bytes" if len(set(digests.values())) == 1 else "DIFFERENT bytes"
        print(f"  CPU ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), {same}")
    wall, _, mib = (statistics.median(column) for column in zip(*spent[trees[-1]], strict=True))
    met = bool(wall <= task.seconds and mib * 2**20 <= task.mib * 1e6)
    print(
        f"  target {task.seconds:g} s"
        + (f", {task.mib:g} MB" if task.mib < 1e9 else "")
        + f": {'met' if met else 'MISSED'}"
    )
    return met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=float, default=1.0, help="scale of the tables")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the runs here, and use them again")
    parser.add_argument("--tree", type=Path, action="append", help="a checkout to measure; may be repeated")
    parser.add_argument("--only", action="append", help="start of a task's name; may be repeated")
    options = parser.parse_args()
    trees = [tree.resolve() for tree in options.tree or [HERE]]
    with tempfile.TemporaryDirectory() as scratch:
        folders = prepare((options.folder or Path(scratch) / "runs").resolve(), options.rows)
        met = [
            measure(trees, task, runs, Path(scratch), options.rounds)
            for task, runs in zip(TASKS, folders, strict=True)
            if not options.only or task.name.startswith(tuple(options.only))
        ]
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
