"""Cost of the cache at a million rows: opening, a batch look-up, puts that survive kill -9, and memory.

One process puts rows of 1 kB from many concurrent tasks and is then killed with SIGKILL. Another opens the cache,
checks that every acknowledged row is present, and looks up one batch of keys in random order, half of them present.
Each figure is printed next to its target. Then the same puts go, in alternation, to a fresh cache and to the obvious
alternatives: one SQLite transaction per row, and one pickle that is rewritten after each row.

    python benchmarks/cache.py [--rows 1000000] [--keys 100000] [--folder FOLDER]

A million rows need about 2.5 GB in the folder (by default one under the system's temporary folder, removed afterwards).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pickle
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prism_engine.cache import Store, call_key
from prism_engine.records import Call, Completion, Message, ModelIdentity, Outcome, Sampling, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TASKS = 256
"""Concurrent puts waiting for their commit, like calls in flight."""
MODEL = ModelIdentity("made", (("hub", "made/model@1"), ("weights", "sha256:" + "00" * 32)))
SAMPLING = Sampling(max_tokens=512)
WORDS = ("a", "red", "bus", "waits", "at", "the", "corner", "while", "two", "people", "cross", "it", "under", "grey")
TURNS = 3


def a_call(number: int) -> Call:
    """Return the call of a row; its key is a hash, and so as random as a real one."""
    return Call("perceive", MODEL, (Message("user", (f"Describe picture {number}.",)),), SAMPLING)


def a_completion(number: int) -> Completion:
    """Return a completion with about 1,000 characters of text."""
    words = [WORDS[(number + index * index) % len(WORDS)] for index in range(230)]
    return Completion(Outcome.OK, " ".join(words)[:1000], finish_reason="stop", usage=Usage(300, 240), model="made-1")


def resident_mib() -> float:
    """Return this process's resident memory in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def put_rows(store: Store, numbers: Iterator[int]) -> None:
    """Put rows from many tasks at once; each task continues once its row is durable."""

    async def work() -> None:
        for number in numbers:
            await store.put(a_call(number), a_completion(number))

    await asyncio.gather(*(work() for _ in range(TASKS)))


def fill(path: Path, rows: int) -> None:
    """Put rows, print time and memory after each tenth, and wait to be killed."""
    with Store(path) as store:
        for tenth in range(10):
            numbers = iter(range(rows * tenth // 10, rows * (tenth + 1) // 10))
            begun, worked = time.perf_counter(), time.process_time()
            asyncio.run(put_rows(store, numbers))
            seconds, cpu = time.perf_counter() - begun, time.process_time() - worked
            print(json.dumps({"seconds": seconds, "cpu": cpu, "mib": resident_mib()}), flush=True)
        sys.stdin.readline()


def look_up(path: Path, rows: int, count: int) -> None:
    """Open the killed process's cache, look up one batch, and count all rows."""
    numbers = random.Random(count).choices(range(2 * rows), k=count)  # noqa: S311 - the upper half was never put
    pairs = [(call_key(a_call(number)), SAMPLING.max_tokens) for number in numbers]
    begun = time.perf_counter()
    store = Store(path)
    opened, worked = time.perf_counter(), time.process_time()
    found = store.get_many(pairs)
    done, cpu = time.perf_counter(), time.process_time() - worked
    assert [completion is not None for completion in found] == [number < rows for number in numbers]
    hits = len(found) - found.count(None)
    del found
    with store:
        there = store.query("SELECT COUNT(*) FROM completions")[0][0]
    figures = {"open": opened - begun, "look_up": done - opened, "cpu": cpu, "hits": hits, "there": there}
    print(json.dumps(figures | {"bytes": path.stat().st_size}))


def child(*arguments: object) -> Any:
    """Start this script as a child process."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def measure(path: Path, rows: int, keys: int) -> None:
    """Fill a cache, kill the process that filled it, look up keys, and print each figure with its target."""
    with child("--fill", path, "--rows", rows) as filler:
        tenths = [json.loads(filler.stdout.readline()) for _ in range(10)]
        filler.kill()
    with child("--look-up", path, "--rows", rows, "--keys", keys) as looker:
        found = json.loads(looker.stdout.read())
    seconds, cpu, memory = ([tenth[name] for tenth in tenths] for name in ("seconds", "cpu", "mib"))
    print(f"{rows:,} rows of 1 kB, {found['bytes'] / 1e9:.2f} GB")
    print("(CPU time shows what an idle machine would do; wall time includes the effect of other programs here)")
    note = f"last tenth {rows / 10 / seconds[-1]:,.0f}; CPU {sum(cpu) / rows * 1e6:.0f} us per put"
    _figure("puts/s, all rows", rows / sum(seconds), "5,000 or more", note)
    _figure("rows present after kill -9", found["there"], f"{rows:,}", "all were acknowledged")
    _figure("open, s", found["open"], "below 1", "after the kill")
    note = f"{found['hits']:,} present; CPU {found['cpu']:.2f} s"
    _figure(f"look up {keys:,} keys, s", found["look_up"], "below 2 for 100,000", note)
    growth = memory[-1] - memory[0]
    _figure("memory while putting, MiB", memory[-1], "flat", f"after a tenth {memory[0]:,.0f}, grown by {growth:,.0f}")


def _figure(name: str, value: float, bar: str, note: str) -> None:
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.3f}"
    print(f"  {name:<30} {shown:>12}   target: {bar:<20} ({note})")


def put_in_groups(path: Path, rows: int) -> float:
    """Return the puts per second into a fresh prism cache."""
    with Store(path) as store:
        begun = time.perf_counter()
        asyncio.run(put_rows(store, iter(range(rows))))
        return rows / (time.perf_counter() - begun)


def put_one_by_one(path: Path, rows: int, *, log: bool = False) -> float:
    """Return the puts per second with one commit each, in SQLite's default mode or with a write-ahead log."""
    connection = sqlite3.connect(path, isolation_level=None)
    if log:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE results (key TEXT PRIMARY KEY, value TEXT)")
    begun = time.perf_counter()
    for number in range(rows):
        value = json.dumps({"text": a_completion(number).text})
        connection.execute("INSERT INTO results VALUES (?, ?)", (call_key(a_call(number)), value))
    seconds = time.perf_counter() - begun
    connection.close()
    return rows / seconds


def put_in_a_pickle(path: Path, rows: int) -> float:
    """Return the puts per second if a pickle with all results is rewritten after each of them."""
    results = {}
    begun = time.perf_counter()
    for number in range(rows):
        results[call_key(a_call(number))] = a_completion(number).text
        with path.open("wb") as file:
            pickle.dump(results, file)
    return rows / (time.perf_counter() - begun)


def compare(folder: Path) -> None:
    """Print how many times faster than the baselines a prism cache accepts rows, measured in alternation."""
    baselines: dict[str, tuple[Callable[[Path, int], float], int]] = {
        "SQLite defaults, a commit per row": (put_one_by_one, 2000),
        "the same with a write-ahead log": (partial(put_one_by_one, log=True), 10_000),
        "one pickle, rewritten after each row": (put_in_a_pickle, 2000),
    }
    print("puts/s into an empty store; prism also stores the request, computes checksums, and serves other processes")
    for index, (name, (baseline, rows)) in enumerate(baselines.items()):
        ours, theirs = [], []
        for turn in range(TURNS):
            ours.append(put_in_groups(folder / f"prism {index} {turn}", rows))
            theirs.append(baseline(folder / f"other {index} {turn}", rows))
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        print(
            f"  {name}, {rows:,} rows: {statistics.median(theirs):,.0f}; prism {statistics.median(ours):,.0f}; "
            f"ratio {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        )


def main() -> None:
    """Measure and print; the hidden options are for this script's own child processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="parent of the temporary folder")
    parser.add_argument("--fill", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--look-up", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill:
        fill(options.fill, options.rows)
    elif options.look_up:
        look_up(options.look_up, options.rows, options.keys)
    else:
        with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
            measure(Path(scratch) / "calls.sqlite", options.rows, options.keys)
            compare(Path(scratch))


if __name__ == "__main__":
    main()
