"""CPU of the prism process per API answer, and wall time where the network is the bound, compared with bare aiohttp.

A server in a process of its own answers every request after a fixed latency. Against it, in turn and in rounds:

- bare: an aiohttp client that posts requests of the same size at the same concurrency, and reads the reply's JSON;
- plain: a run (`prism_engine.run`, mode blind, text only, empty cache) without limits and without a cap;
- full: the same with requests and tokens per minute, a cost cap and a key; the server sends rate-limit headers.

Each client is a process of its own. CPU (of all threads) per answer is the difference between a long and a short run
after a first one, so imports and other fixed costs do not count; reading the benchmark does not, either; writing the
results does. The span is the server's: from the first request to the last reply. The limits and the cap are far away,
so all of them are bound by latency alone.

    python benchmarks/api_cpu.py [--calls 2000] [--latency 0.2] [--concurrency 100] [--rounds 5] [--against CHECKOUT]

`--against` measures another checkout of prism in the same rounds, for a comparison of before and after. Exits with 1 if
`full` costs more than 0.4 ms per answer or the span of `plain` is longer than that of bare aiohttp / 0.95 (medians).
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
from pathlib import Path

import aiohttp
import orjson
from aiohttp import web

CPU_BAR = 0.4
"""Milliseconds per answer, `full`."""
SPAN_BAR = 0.95
"""Bare aiohttp's span over that of `plain`."""
SMALL = 200
"""Calls of the short runs."""
KEY = "PRISM_BENCHMARK_KEY"
REQUESTS, TOKENS = 120_000, 600_000_000
"""Limits per minute: several times what the latency admits."""


class Server:
    """Answers after a latency, and records when the first request came and the last reply went."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._first = self._last = 0.0
        self._in_flight = 0

    async def chat(self, request: web.Request) -> web.Response:
        """Answer one chat completion; the path says whether rate-limit headers are sent."""
        self._first = self._first or time.monotonic()
        self._in_flight += 1
        body = orjson.loads(await request.read())
        await asyncio.sleep(self._latency)
        self._in_flight -= 1
        self._last = time.monotonic()
        message = {"role": "assistant", "content": "The answer is A."}
        size = len(body["messages"][-1]["content"]) // 4
        reply = {
            "id": "chatcmpl-0123456789",
            "object": "chat.completion",
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": size, "completion_tokens": 6, "total_tokens": size + 6},
        }
        headers = self._headers() if request.path.startswith("/limited") else None
        return web.Response(body=orjson.dumps(reply), content_type="application/json", headers=headers)

    async def span(self, _: web.Request) -> web.Response:
        """Return the span since the last time, in seconds."""
        span, self._first = self._last - self._first, 0.0
        return web.json_response(span)

    def _headers(self) -> dict[str, str]:
        return {
            "x-ratelimit-limit-requests": str(REQUESTS),
            "x-ratelimit-remaining-requests": str(REQUESTS - 1 - self._in_flight),
            "x-ratelimit-reset-requests": f"{1 + self._in_flight // 2}ms",
            "x-ratelimit-limit-tokens": str(TOKENS),
            "x-ratelimit-remaining-tokens": str(TOKENS - 2000 * (1 + self._in_flight)),
            "x-ratelimit-reset-tokens": f"{1 + self._in_flight // 5}ms",
        }


async def serve(host: str, latency: float) -> None:
    """Serve until killed; print the address as the first line."""
    server = Server(latency)
    app = web.Application()
    app.router.add_post("/plain/v1/chat/completions", server.chat)
    app.router.add_post("/limited/v1/chat/completions", server.chat)
    app.router.add_get("/span", server.span)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, 0, backlog=1024).start()
    print(f"http://{host}:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


async def post_all(url: str, calls: int, concurrency: int) -> None:
    """Be the bare client."""
    slots = asyncio.Semaphore(concurrency)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ[KEY]}"}

    async def ask(session: aiohttp.ClientSession, number: int) -> None:
        content = (
            f"Question: {question(number)}\nOptions:\nA. red\nB. blue\nC. green\nD. grey\n{'Please answer. ' * 20}"
        )
        body = {
            "model": "bench",
            "messages": [{"role": "user", "content": content}],
            "max_tokens": 512,
            "temperature": 0.0,
        }
        async with slots, session.post(f"{url}/plain/v1/chat/completions", data=orjson.dumps(body)) as response:
            assert orjson.loads(await response.read())["choices"][0]["message"]["content"]

    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        await asyncio.gather(*(ask(session, number) for number in range(calls)))


def run_all(url: str, folder: Path, calls: int, concurrency: int, *, full: bool) -> float:
    """Be a run with an empty cache; return the CPU seconds of everything but reading the benchmark."""
    from prism_engine import api  # noqa: PLC0415 - the bare client needs nothing of prism
    from prism_engine.config import ApiModel, Limits, PriceSpec, RunConfig, load_registry  # noqa: PLC0415

    limits = Limits(requests_per_minute=REQUESTS, tokens_per_minute=TOKENS) if full else Limits()
    entry = ApiModel(
        model="bench",
        base_url=f"{url}/{'limited' if full else 'plain'}/v1",
        api_key_env=KEY,
        identity=folder.name,
        limits=limits.model_copy(update={"concurrency": concurrency}),
        price=PriceSpec(input="0.15", output="0.6"),
    )
    folder.mkdir()
    table = folder / "questions.tsv"
    rows = (f"{number}\t{question(number)}\tred\tblue\tgreen\tgrey\tA" for number in range(calls))
    table.write_text("\n".join(["index\tquestion\tA\tB\tC\tD\tanswer", *rows]) + "\n")
    config = RunConfig(
        benchmark=str(table),
        reasoner="bench",
        mode="blind",
        models={"bench": entry},
        cache_dir=folder / "cache",
        results_dir=folder / "results",
        max_cost="1000" if full else None,
    )
    api.plan(config, load_registry())  # reads the benchmark
    begun = time.process_time()
    report = api.run(config, load_registry())
    used = time.process_time() - begun
    assert report.status.value == "complete", report
    assert report.progress.done == calls, report.progress
    return used


def question(number: int) -> str:
    """Return a question that no other call asks."""
    return f"What is the colour of shape number {number} in the second row from the top?"


def measure_client(variant: str, url: str, folder: Path, calls: int, concurrency: int) -> dict[str, float]:
    """Be one client: a first and a short run, then the measured one; return its figures."""

    def cpu(count: int, name: str) -> float:
        if variant != "bare":
            return run_all(url, folder / name, count, concurrency, full=variant == "full")
        begun = time.process_time()
        asyncio.run(post_all(url, count, concurrency))
        return time.process_time() - begun

    cpu(SMALL, "first")
    short = cpu(SMALL, "short")
    asyncio.run(span(url))
    begun = time.monotonic()
    used = cpu(calls, "long")
    wall = time.monotonic() - begun
    return {"cpu": (used - short) / (calls - SMALL) * 1e3, "span": asyncio.run(span(url)), "wall": wall}


async def span(url: str) -> float:
    """Return the server's span since the last time, in seconds."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/span") as response:
        seconds: float = await response.json()
        return seconds


def measure(name: str, checkout: Path, url: str, options: argparse.Namespace) -> dict[str, float]:
    """Run one client in a process of its own, with the prism of a checkout."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, __file__, "--client", name, "--url", url, "--folder", scratch]
        command += ["--calls", str(options.calls), "--concurrency", str(options.concurrency)]
        environment = os.environ | {"PYTHONPATH": str(checkout), KEY: "sk-benchmark-0123456789abcdef"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def compare(url: str, options: argparse.Namespace) -> bool:
    """Measure all clients in turn, print each round and the medians; return whether the bars hold."""
    here = Path(__file__).resolve().parent.parent
    sides = [("bare", "bare", here)]
    if options.against is not None:
        sides += [(f"{variant}, before", variant, options.against.resolve()) for variant in options.variants]
    sides += [(variant, variant, here) for variant in options.variants]
    found: dict[str, list[dict[str, float]]] = {label: [] for label, _, _ in sides}
    for number in range(options.rounds):
        for label, variant, checkout in sides:
            figures = measure(variant, checkout, url, options)
            found[label].append(figures)
            bare = found["bare"][-1]
            print(
                f"round {number + 1}  {label:14} {figures['cpu']:6.3f} ms CPU per answer  "
                f"{figures['cpu'] / bare['cpu']:5.2f} x bare  span {figures['span']:6.2f} s  "
                f"bare / it {bare['span'] / figures['span']:5.2f}  wall {figures['wall']:6.2f} s",
                flush=True,
            )
    for label, rounds in found.items():
        cpus = [each["cpu"] for each in rounds]
        ratios = [bare["span"] / each["span"] for bare, each in zip(found["bare"], rounds, strict=True)]
        print(
            f"median   {label:14} {statistics.median(cpus):6.3f} ms ({min(cpus):.3f} to {max(cpus):.3f})  "
            f"span, bare / it {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    cpu = statistics.median(each["cpu"] for each in found.get("full", [{"cpu": 0.0}]))
    ratio = statistics.median(
        bare["span"] / each["span"] for bare, each in zip(found["bare"], found.get("plain", found["bare"]), strict=True)
    )
    return cpu <= CPU_BAR and ratio >= SPAN_BAR


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds until each reply")
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--variants", nargs="+", default=["plain", "full"], choices=["plain", "full"])
    # As for a real endpoint, proxy variables apply to this one; 127.0.0.1 is excepted.
    parser.add_argument(
        "--host", default="127.0.0.2", help="address of the server; other systems than Linux may lack it"
    )
    parser.add_argument("--against", type=Path, help="another checkout of prism, measured in turn")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client == "server":
        asyncio.run(serve(options.host, options.latency))
        return
    if options.client:
        figures = measure_client(options.client, options.url, options.folder, options.calls, options.concurrency)
        print(json.dumps(figures))
        return
    command = [sys.executable, __file__, "--client", "server"]
    command += ["--host", options.host, "--latency", str(options.latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            holds = compare(server.stdout.readline().strip(), options)
        finally:
            server.terminate()
    sys.exit(not holds)


if __name__ == "__main__":
    main()
