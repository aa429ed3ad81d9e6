"""How quickly a run gets to its concurrency, and what a cost cap that is far away does to it.

A chaos server without limits answers after a fixed latency and bills like gpt-4o-mini. Against it, in turn and in some
rounds: a bare aiohttp client with that many connections, `prism run` without a cap, with a cap that is far away, and
with one that is a few times the cost. Printed are the time from the first to the last reply, its ratio to the bare
client's in the same round, the peak of requests in flight, and the bill.

    python benchmarks/ramp.py [--samples 500] [--latency 0.3] [--concurrency 128] [--rounds 3]

Wall times depend on what else the machine does; compare the ratios of quiet rounds only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from PIL import Image

from prism_engine.chaos.behaviour import Behaviour
from prism_engine.chaos.bill import Prices
from prism_engine.chaos.server import ChaosServer

if TYPE_CHECKING:
    from collections.abc import Callable

CAPS = (None, "20", "1", "0.2")


async def bare(server: ChaosServer, samples: int, concurrency: int) -> None:
    """Send as many requests as there are samples, at full concurrency from the start."""
    slots = asyncio.Semaphore(concurrency)

    async def ask(session: aiohttp.ClientSession, number: int) -> None:
        body = {"model": "chaos", "max_tokens": 1024, "messages": [{"role": "user", "content": f"question {number}"}]}
        async with slots, session.post(f"{server.base_url}/chat/completions", json=body) as response:
            await response.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(ask(session, number) for number in range(samples)))


async def prism(server: ChaosServer, folder: Path, concurrency: int, cap: str | None) -> None:
    """Run the benchmark in another process, with a new cache and a new ledger."""
    entry = {
        "backend": "api",
        "model": "chaos",
        "base_url": server.base_url,
        "api_key_env": None,
        "identity": "chaos",
        "limits": {"concurrency": concurrency},
        "price": {"input": "0.15", "output": "0.6"},
    }
    models = folder / "models.yaml"
    models.write_text(f"models: {{paid: {json.dumps(entry)}}}\n")
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        command = [sys.executable, "-m", "prism_engine", "run", str(folder / "questions.tsv")]
        command += ["-r", "paid", "--mode", "blind", "--models-file", str(models), "--reasoning-tokens", "1024"]
        command += ["--cache-dir", f"{fresh}/cache", "--results-dir", f"{fresh}/results"]
        command += [] if cap is None else ["--max-cost", cap]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if await process.wait():
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")


def write_questions(path: Path, samples: int) -> None:
    """Write a table of questions that share a small picture."""
    Image.new("RGB", (32, 32), "red").save(path.with_name("shape.png"))
    rows = ["index\timage_path\tquestion\tA\tB\tC\tD\tanswer"]
    rows += [f"{number}\tshape.png\tWhat is shape {number}?\tred\tblue\tgreen\tgrey\tA" for number in range(samples)]
    path.write_text("\n".join(rows) + "\n")


def recording(times: list[float]) -> Callable[[dict[str, Any]], str]:
    """Return a server's reply function that records when it is called."""

    def reply(_body: dict[str, Any]) -> str:
        times.append(time.monotonic())
        return "The answer is A."

    return reply


async def measure(options: argparse.Namespace) -> None:
    """Run all variants in turn, and print a line for each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_questions(folder / "questions.tsv", options.samples)
        for number in range(options.rounds):
            reference = 0.0
            for label, cap in [("bare aiohttp", None), *((f"prism, cap {cap or 'none'}", cap) for cap in CAPS)]:
                times: list[float] = []
                behaviour = Behaviour(
                    latency=options.latency, prices=Prices(Decimal("0.15"), Decimal("0.6")), reply=recording(times)
                )
                async with ChaosServer(behaviour, keep_bodies=False) as server:
                    if label.startswith("bare"):
                        await bare(server, options.samples, options.concurrency)
                    else:
                        await prism(server, folder, options.concurrency, cap)
                    span = times[-1] - times[0] + options.latency
                    reference = reference or span
                    print(
                        f"round {number + 1}  {label:16}  {span:6.2f} s  {span / reference:5.2f} x bare  "
                        f"peak {server.stats.most_in_flight:4}  bill ${server.bill.dollars:.4f}"
                    )


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--latency", type=float, default=0.3, help="seconds until each reply")
    parser.add_argument("--concurrency", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
