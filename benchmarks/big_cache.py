"""Cache operations at five million rows: open, look up, put, and the upkeep commands; time, memory and bytes.

    python benchmarks/big_cache.py [--rows 5000000] [--folder FOLDER]

Fills a cache with rows of 200 to 800 characters by the package's own writer (in transactions, without an event loop),
unless the folder has one already. Python operations run in processes of their own, as do the real `prism cache`
commands; each one's wall time, CPU time and peak resident memory is printed. Five million rows need 9 GB, and an
export and a compaction twice that again for a while.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from prism_engine.cache import Store, call_key
from prism_engine.cache.call_rows import encode
from prism_engine.cache.schema import open_writer, transaction
from prism_engine.cache.storing import store_rows
from prism_engine.records import Call, Completion, Message, ModelIdentity, Outcome, Sampling, Usage

GROUP = 512
DAY = 86_400.0
SAMPLING = Sampling(max_tokens=512)
IDENTITIES = tuple(ModelIdentity(f"model-{n}", (("weights", f"sha256:{n:064d}"),)) for n in range(5))
WORDS = ("a", "red", "bus", "waits", "at", "the", "corner", "while", "two", "people", "cross", "it", "under", "grey")
INSIDE = {"open": 5, "get": 5, "get_many": 3, "put": 3}
"""Operations of `Store`, with the number of rounds in one process."""


def a_call(number: int) -> Call:
    """Return the call of a row; its key is a hash, and so as random as a real one."""
    content = (f"Describe the picture {number} in detail: objects, their attributes, texts and positions.",)
    return Call("perceive", IDENTITIES[number % len(IDENTITIES)], (Message("user", content),), SAMPLING)


@lru_cache
def texts() -> list[str]:
    """Return 4,000 texts of 200 to 800 characters."""
    draw = random.Random(7)  # noqa: S311 - no secret
    return [" ".join(draw.choices(WORDS, k=draw.randint(45, 170)))[:800] for _ in range(4_000)]


def a_completion(number: int) -> Completion:
    """Return a completion whose text is unlike that of its neighbours."""
    text = f"{number}: {texts()[number % 4_000]}"
    return Completion(Outcome.OK, text, finish_reason="stop", usage=Usage(900, len(text) // 4), model="made-1")


def fill(path: Path, rows: int) -> None:
    """Store the rows that are missing in groups, as the writer's thread does; each is a second older than the next."""
    begun, start = time.perf_counter(), time.time() - rows
    with closing(open_writer(path)) as connection:
        done = connection.execute("SELECT COALESCE(MAX(id), 0) FROM completions").fetchone()[0]
        for low in range(done, rows, GROUP):
            group = []
            for number in range(low, min(low + GROUP, rows)):
                row = encode(a_call(number), a_completion(number))
                object.__setattr__(row, "created_at", start + number)
                group.append(row)
            with transaction(connection):
                store_rows(connection, group)
            if low // GROUP % 1000 == 0 and low > done:
                print(
                    f"{low:,} rows, {(low - done) / (time.perf_counter() - begun):,.0f}/s", file=sys.stderr, flush=True
                )


def inside(path: Path, name: str, rows: int) -> None:
    """Do one operation of the store and print its seconds per unit."""
    draw, seconds, count = random.Random(name), [], 1  # noqa: S311 - no secret
    for turn in range(INSIDE[name]):
        if name == "open":
            begun = time.perf_counter()
            Store(path).close()
            seconds.append(time.perf_counter() - begun)
        else:
            with Store(path) as store:
                count = {"get": 5_000, "get_many": 100_000, "put": 10_000}[name]
                numbers = draw.sample(range(rows), k=count)
                pairs = [(call_key(a_call(number)), SAMPLING.max_tokens) for number in numbers]
                fresh = [(a_call(rows * (turn + 2) + n), a_completion(n)) for n in range(count if name == "put" else 0)]
                begun = time.perf_counter()
                if name == "put":
                    asyncio.run(_put(store, fresh))
                elif name == "get":
                    assert all(store.get(*pair) is not None for pair in pairs)
                else:
                    assert None not in store.get_many(pairs)
                seconds.append(time.perf_counter() - begun)
    print(json.dumps([each / count * 1e6 for each in seconds]))


async def _put(store: Store, fresh: list[tuple[Call, Completion]]) -> None:
    waiting = iter(fresh)

    async def work() -> None:
        for call, completion in waiting:
            await store.put(call, completion)

    await asyncio.gather(*(work() for _ in range(256)))


def spent(*command: object) -> tuple[float, float, float, str]:
    """Run a command; return wall seconds, CPU seconds, peak MiB and its output."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen([sys.executable, *map(str, command)], stdout=output)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - begun
        output.seek(0)
        text = output.read()
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}: {text}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, text


def measure(folder: Path, rows: int, only: list[str] | None) -> None:
    """Print one line per operation."""
    path = folder / "calls.sqlite"
    print(f"{rows:,} rows, {path.stat().st_size / 1e9:.2f} GB")
    for name in INSIDE:
        if not only or name in only:
            _, cpu, mib, text = spent(__file__, "--inside", name, "--fill", path, "--rows", rows)
            found = sorted(json.loads(text))
            middle = f"{found[len(found) // 2]:,.0f} us ({found[0]:,.0f} to {found[-1]:,.0f})"
            print(f"  {name:<28} {middle:>30}; {mib:5.0f} MiB", flush=True)
    other = folder / "other"
    tenth = f"{(rows * 0.9) / 3600:.2f}h"
    commands: dict[str, tuple[object, ...]] = {
        "stats": ("stats", "--cache-dir", folder),
        "show PREFIX": ("show", call_key(a_call(rows // 2))[:16], "--cache-dir", folder),
        "verify": ("verify", "--cache-dir", folder),
        "gc --dry-run (a tenth)": ("gc", "--dry-run", "--older-than", tenth, "--cache-dir", folder),
        "export": ("export", folder / "exported.sqlite", "--cache-dir", folder),
        "import (all new)": ("import", folder / "exported.sqlite", "--cache-dir", other),
        "import (all here)": ("import", folder / "exported.sqlite", "--cache-dir", other),
        "gc (a tenth)": ("gc", "--older-than", tenth, "--cache-dir", other),
    }
    for name, words in commands.items():
        if not only or name.split()[0] in only:
            wall, cpu, mib, text = spent("-m", "prism_engine", "cache", *words)
            print(
                f"  {name:<28} {wall:8.1f} s, {cpu:7.1f} s of CPU, {mib:5.0f} MiB; {text.strip()[-160:]!r}", flush=True
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--folder", type=Path, help="keep the cache here, and use it again")
    parser.add_argument("--only", action="append", help="one operation; may be repeated")
    parser.add_argument("--fill", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--inside", choices=[*INSIDE], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(options.fill, options.inside, options.rows)
    elif options.fill:
        fill(options.fill, options.rows)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            folder = options.folder or Path(scratch)
            if not (folder / "calls.sqlite").exists():
                spent(__file__, "--fill", folder / "calls.sqlite", "--rows", options.rows)
            measure(folder, options.rows, options.only)


if __name__ == "__main__":
    main()
