"""The first opening of a benchmark against a bare pass over it on all cores, and later openings.

The bare pass reads the file's rows with the csv module, orjson or polars, and in one process per core decodes each
picture's base64, hashes it, decodes it (only that finds a truncated picture) and writes it to a file: no index, no
options, no checks of rows, no atomic replacement. Both sides run in turns, each in a process of its own.

    python benchmarks/ingest.py [--tiny 50000] [--photos 60] [--rounds 3] [--against CHECKOUT]
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import polars as pl
from PIL import Image

from benchmarks.scheduler import write_benchmark

HERE = Path(__file__).resolve().parents[1]
HEADER = ("index", "question", "A", "B", "C", "D", "answer")

BARE = """
import base64, csv, hashlib, io, json, multiprocessing, os, sys, time
from pathlib import Path

def store(chunk, folder):
    from PIL import Image
    for picture in chunk:
        if isinstance(picture, str):
            is_file = picture.endswith(".jpg")
            picture = Path(picture).read_bytes() if is_file else base64.b64decode(picture)
        digest = hashlib.sha256(picture).hexdigest()
        with Image.open(io.BytesIO(picture)) as image:
            image.load()
        Path(folder, digest[:2], digest).write_bytes(picture)

def pictures(path):
    if path.suffix == ".tsv":
        csv.field_size_limit(1 << 28)
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file, delimiter="\\t")
            column = next(rows).index("image")
            yield from (row[column] for row in rows)
    elif path.suffix == ".jsonl":
        import orjson
        with path.open("rb") as file:
            yield from (str(path.parent / orjson.loads(line)["image"]) for line in file)
    else:
        import polars as pl
        for start in range(0, pl.scan_parquet(path).select(pl.len()).collect().item(), 20_000):
            yield from pl.scan_parquet(path).slice(start, 20_000).collect()["image"].struct.field("bytes").to_list()

def main():
    path, folder = Path(sys.argv[1]), Path(sys.argv[2])
    for number in range(256):
        (folder / f"{number:02x}").mkdir(parents=True)
    begun = time.perf_counter()
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    with multiprocessing.get_context("fork").Pool(len(os.sched_getaffinity(0))) as pool:
        waiting, chunk, size = [], [], 0
        for picture in pictures(path):
            chunk.append(picture)
            size += 1 << 16 if isinstance(picture, str) and picture.endswith(".jpg") else len(picture)
            if size >= 1 << 18 or len(chunk) == 256:
                waiting.append(pool.apply_async(store, (chunk, folder)))
                chunk, size = [], 0
        waiting.append(pool.apply_async(store, (chunk, folder)))
        for each in waiting:
            each.get()
        pool.close()
        pool.join()
    return begun
"""
OURS = """
import sys, time
from pathlib import Path
from prism_engine.datasets import open_benchmark

def main():
    begun = time.perf_counter()
    open_benchmark(Path(sys.argv[1]), Path(sys.argv[2])).close()
    return begun
"""
TAIL = """
if __name__ == "__main__":
    import resource
    begun = main()
    wall = time.perf_counter() - begun
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in used)
    import json
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": max(each.ru_maxrss for each in used) / 1024}))
"""


def noise_of(number: int, size: int) -> bytes:
    """Return the same bytes for a number each time."""
    return hashlib.shake_128(str(number).encode()).digest(size)


def photo(number: int) -> bytes:
    """Return a JPEG of 2400 x 1800 pixels and about 2 MB."""
    noise = Image.frombytes("RGB", (600, 450), noise_of(number, 600 * 450 * 3))
    stream = io.BytesIO()
    noise.resize((2400, 1800), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=92)
    return stream.getvalue()


def cells(number: int) -> dict[str, str]:
    """Return a row without its picture."""
    return dict(zip(HEADER, (str(number), f"Question {number}?", "red", "blue", "green", "grey", "A"), strict=True))


def write_all(folder: Path, tiny: int, photos: int) -> dict[str, tuple[Path, int]]:
    """Write the benchmarks; return their files and numbers of rows by name."""
    write_benchmark(folder / "tiny.tsv", tiny)
    rows = []
    with (folder / "tiny.tsv").open(encoding="utf-8") as file:
        column = next(file).rstrip("\n").split("\t").index("image")
        for number, line in enumerate(file):
            rows.append(cells(number) | {"image": {"bytes": base64.b64decode(line.split("\t")[column])}})
    pl.DataFrame(rows).write_parquet(folder / "tiny.parquet")
    (folder / "files").mkdir()
    names = ("image", *HEADER)
    with (folder / "photos.tsv").open("w") as table, (folder / "photos.jsonl").open("w") as records:
        table.write("\t".join(names) + "\n")
        for number in range(photos):
            data = photo(number)
            (folder / "files" / f"{number}.jpg").write_bytes(data)
            table.write("\t".join((base64.b64encode(data).decode(), *cells(number).values())) + "\n")
            records.write(json.dumps(cells(number) | {"image": f"files/{number}.jpg"}) + "\n")
    return {
        "tiny pictures, TSV": (folder / "tiny.tsv", tiny),
        "tiny pictures, Parquet": (folder / "tiny.parquet", tiny),
        "photographs, TSV": (folder / "photos.tsv", photos),
        "photographs, files of a JSONL": (folder / "photos.jsonl", photos),
    }


def once(code: str, checkout: Path, table: Path, cache: Path) -> dict[str, float]:
    """Run one side; return seconds of wall time and CPU, and the peak of its largest process in MiB."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-P", "-c", code + TAIL, str(table), str(cache)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def measure(table: Path, rows: int, sides: dict[str, tuple[str, Path]], rounds: int, scratch: Path) -> None:
    """Open a benchmark with each side in turns; print times per row and ratios to the bare pass."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    again: list[float] = []
    for _ in range(rounds):
        for name, (code, checkout) in sides.items():
            cache = scratch / "cache"
            shutil.rmtree(cache, ignore_errors=True)
            found[name].append(once(code, checkout, table, cache))
            if name == "this":
                again.append(once(code, checkout, table, cache)["wall"])
    for name, each in found.items():
        wall, cpu = ([one[key] / rows * 1e6 for one in each] for key in ("wall", "cpu"))
        ratios = [one["wall"] / bare["wall"] for one, bare in zip(each, found["bare"], strict=True)]
        print(
            f"  {name:>6}: {spread(wall)} us per row, {spread(cpu)} us of CPU, peak {max(o['peak'] for o in each):.0f} "
            f"MiB; wall time / bare pass {spread(ratios, 2)}",
            flush=True,
        )
    print(f"  opened again: {spread([seconds / rows * 1e6 for seconds in again], 2)} us per row", flush=True)


def spread(values: list[float], digits: int = 0) -> str:
    """Format a median with its range."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    """Measure all benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", type=int, default=50_000)
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    sides = {"bare": (BARE, HERE), "this": (OURS, HERE)}
    if options.against:
        sides["before"] = (OURS, options.against.resolve())
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        for name, (table, rows) in write_all(scratch, options.tiny, options.photos).items():
            print(f"{name}, {rows:,} rows:", flush=True)
            measure(table, rows, sides, options.rounds, scratch)


if __name__ == "__main__":
    main()
