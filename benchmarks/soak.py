"""Soak test: a long run against `prism chaos` with all faults enabled, killed repeatedly, then checked.

A tenth of all requests meets a fault: server errors, resets, hangs, truncated JSON, empty and filtered replies, wrong
usage figures, requests rejected as malformed. `kill -9` strikes at random points; then the run continues to its end.
The checks:

- every sample is in the results exactly once, and is either done or failed with a reason
- only complete replies of the server were scored
- no more completions were paid for twice than faults and kills destroyed

    python benchmarks/soak.py [--samples 10000] [--kills 5] [--rate 0.1] [--seed 0]

Exits with 1 if a check fails.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from scheduler import write_benchmark  # type: ignore[import-not-found]  # a script can import its sibling scripts

CONCURRENCY = 64
LOST = ("reset", "hang", "torn", "empty", "filtered", "slow")
"""Faults whose completion is computed and billed but cannot be kept (a slow first byte arrives after the timeout)."""


def counted(base_url: str, what: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{base_url.removesuffix('/v1')}/{what}") as reply:  # noqa: S310 - our own server
        found: dict[str, Any] = json.load(reply)
        return found


def soak(folder: Path, base_url: str, samples: int, kills: int, seed: int) -> list[str]:
    """Run, kill, and run to the end; print what happened and return the failed checks."""
    write_benchmark(folder / "night.tsv", samples)
    entry = {
        "backend": "api", "model": "chaos", "base_url": base_url, "api_key_env": None, "timeout": 3,
        "limits": {"concurrency": CONCURRENCY},
    }  # fmt: skip
    (folder / "models.yaml").write_text(f"models: {{remote: {json.dumps(entry)}}}\n")
    command = [sys.executable, "-m", "prism_engine", "run", str(folder / "night.tsv"), "-p", "scripted", "-r", "remote"]
    for option, name in {"--models-file": "models.yaml", "--cache-dir": "cache", "--results-dir": "results"}.items():
        command += [option, str(folder / name)]
    dice = random.Random(seed)  # noqa: S311 - reproducible
    began = time.monotonic()
    for mark in sorted(dice.uniform(0.02, 0.9) * samples for _ in range(kills)):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while counted(base_url, "stats")["received"] < mark and process.poll() is None:
                time.sleep(dice.uniform(0, 0.1))
            process.kill()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    stats, bill = counted(base_url, "stats"), counted(base_url, "bill")
    (predictions,) = (folder / "results").rglob("predictions.jsonl")
    rows = [json.loads(line) for line in predictions.read_text().splitlines()]
    statuses = Counter(row["status"] for row in rows)
    lost = sum(stats["by_fault"].get(name, 0) for name in LOST)
    bound = lost + kills * CONCURRENCY
    print(f"{samples:,} samples, {kills} kills, {time.monotonic() - began:.0f} s; exit code {done.returncode}")
    print(f"results: {dict(statuses)}; reasons: {Counter(row['failure'] for row in rows).most_common(5)}")
    print(f"server: {stats['received']:,} requests, {stats['faults']:,} faults {stats['by_fault']}")
    print(
        f"billed: {bill['calls']:,} completions, {bill['paid_again']:,} of them again; lost: {lost:,} by faults, "
        f"at most {kills * CONCURRENCY:,} in flight by kills"
    )
    checks = {
        "every sample once": sorted(row["position"] for row in rows) == list(range(samples)),
        "done or failed": set(statuses) <= {"done", "failed"} and done.returncode in (0, 1),
        "failed ones are not scored": all(row["score"] is None for row in rows if row["status"] == "failed"),
        "failed ones have a reason": all(row["failure"] for row in rows if row["status"] == "failed"),
        "only replies were scored": all(
            row["reply_outcome"] in ("ok", "truncated") and row["reply"].strip()
            for row in rows
            if row["status"] == "done"
        ),
        "no more paid again than lost": bill["paid_again"] <= bound,
    }
    return [name for name, holds in checks.items() if not holds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    server = [sys.executable, "-m", "prism_engine", "chaos", "--port", "0", "--faults", "all", "--latency", "0.05"]
    server += ["--rate", str(given.rate), "--seed", str(given.seed)]
    with (
        tempfile.TemporaryDirectory() as scratch,
        subprocess.Popen(server, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            base_url = process.stdout.readline().split()[-1]
            broken = soak(Path(scratch), base_url, given.samples, given.kills, given.seed)
        finally:
            process.kill()
    print("all checks passed" if not broken else f"FAILED: {', '.join(broken)}")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
