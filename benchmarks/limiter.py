"""Rate-limit utilisation and 429s: prism's limiter compared with two common approaches.

Four saturated clients run in real time, each against its own chaos server in another process: prism configured with the
limits, prism without them (it learns them from the headers), asyncio-throttle with a semaphore configured with the
limits, and a client that only retries (tenacity, full jitter, Retry-After honoured). The server is strict: its token
buckets hold two seconds of inflow. In the second part the server halves its limits during the run, and measurement
starts ten seconds after that.

The script prints, from the server's own counts, the served share of what was allowed and the refused share of requests.

    python benchmarks/limiter.py [--seconds 15] [--rpm 600] [--tpm 60000]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
from asyncio_throttle import Throttler
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from prism_engine.backends.chat.api import ChatApi
from prism_engine.config import ApiModel, Limits
from prism_engine.errors import PrismError
from prism_engine.records import Call, Message, ModelIdentity, Sampling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Client = Callable[[str, "Load"], Awaitable[None]]

TASKS = 64
"""Concurrent calls or requests of each client."""
WARM = 4.0
"""Seconds excluded at the start, when buckets are full and no headers have been received."""
SETTLED = 10.0
"""Seconds excluded after the limits are halved."""


@dataclass(frozen=True)
class Load:
    """The server's limits and the duration of the measurement."""

    rpm: int
    tpm: int
    seconds: float
    halve_after: float | None = None
    latency: float = 0.3


class TooManyError(Exception):
    """A 429, with the server's Retry-After in seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.wait = wait


def question(number: int) -> str:
    return (
        f"Question {number}: which of the shapes in the picture is the largest, and what is left of it? Answer briefly."
    )


async def prism(url: str, load: Load, *, configured: bool) -> None:
    """Send calls through the backend that runs use, with or without the server's limits configured."""
    limits = Limits(requests_per_minute=load.rpm, tokens_per_minute=load.tpm) if configured else Limits()
    api = ChatApi(ApiModel(model="chaos", base_url=url, api_key_env=None, limits=limits, attempts=100), None)
    numbers = itertools.count()

    async def work() -> None:
        for number in numbers:
            message = Message("user", (question(number),))
            with contextlib.suppress(PrismError):
                await api.generate(Call("reason", ModelIdentity("chaos", ()), (message,), Sampling(max_tokens=40)))

    try:
        await asyncio.gather(*(work() for _ in range(TASKS)))
    finally:
        await api.aclose()


async def plain(url: str, load: Load, *, throttled: bool) -> None:
    """Post the same requests as prism; retry on 429, with or without a throttle in front."""
    throttler = Throttler(rate_limit=load.rpm, period=60.0) if throttled else None
    numbers = itertools.count()

    async def once(session: aiohttp.ClientSession, body: dict[str, Any]) -> None:
        if throttler is not None:
            await throttler.acquire()
        async with session.post(f"{url}/chat/completions", json=body) as answer:
            if answer.status == 429:
                raise TooManyError(float(answer.headers.get("Retry-After", 0)))
            await answer.read()

    async def work(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            messages = [{"role": "user", "content": question(number)}]
            body = {"model": "chaos", "messages": messages, "max_tokens": 40, "temperature": 0.0}
            retrying = AsyncRetrying(retry=retry_if_exception_type(TooManyError), wait=_polite)
            await retrying(partial(once, session, body))

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(work(session) for _ in range(TASKS)))


_jitter = wait_random_exponential(multiplier=1, max=60)


def _polite(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    return max(_jitter(state), error.wait if isinstance(error, TooManyError) else 0.0)


@contextlib.asynccontextmanager
async def served(load: Load) -> AsyncIterator[str]:
    """Run a chaos server in its own process; yield its base URL."""
    options = [
        "--rpm",
        load.rpm,
        "--tpm",
        load.tpm,
        "--burst",
        2,
        "--latency",
        load.latency,
        "--retry-after",
        "seconds",
    ]
    if load.halve_after is not None:
        options += ["--halve-after", load.halve_after]
    command = [sys.executable, "-m", "prism_engine", "chaos", "--port", "0", *map(str, options)]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=quiet)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.communicate()


async def stats(url: str) -> dict[str, int]:
    async with aiohttp.ClientSession() as session, session.get(url.removesuffix("/v1") + "/stats") as answer:
        counts: dict[str, int] = await answer.json()
        return counts


async def measure(client: Client, load: Load) -> tuple[float, float]:
    """Return the served share of the allowed requests and the refused share of the sent ones."""
    begun = WARM if load.halve_after is None else load.halve_after + SETTLED
    allowed = load.rpm / 60 * (1.0 if load.halve_after is None else 0.5)
    async with served(load) as url:
        running = asyncio.ensure_future(client(url, load))
        await asyncio.sleep(begun)
        before = await stats(url)
        await asyncio.sleep(load.seconds)
        after = await stats(url)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    sent, refused, done = (after[name] - before[name] for name in ("received", "rate_limited", "completed"))
    return done / (allowed * load.seconds), refused / max(sent, 1)


CLIENTS: dict[str, Client] = {
    "prism, limits configured": partial(prism, configured=True),
    "prism, limits from headers": partial(prism, configured=False),
    "asyncio-throttle + semaphore": partial(plain, throttled=True),
    "retries only": partial(plain, throttled=False),
}


async def compare(title: str, load: Load) -> None:
    """Run all clients at once, each against its own server, and print a line for each."""
    results = await asyncio.gather(*(measure(client, load) for client in CLIENTS.values()))
    print(f"{title}\n  {'':30} {'limit used':>10} {'refused':>9}")
    for name, (used, refused) in zip(CLIENTS, results, strict=True):
        print(f"  {name:30} {used:10.1%} {refused:9.2%}")
    ours, theirs = results[0], max(results[2:])
    print(f"  limit used, prism / better of the other two: {ours[0] / max(theirs[0], 1e-9):.2f}\n", flush=True)


def main() -> None:
    """Measure both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0, help="measured time of each part")
    parser.add_argument("--rpm", type=int, default=600)
    parser.add_argument("--tpm", type=int, default=60_000)
    options = parser.parse_args()
    load = Load(options.rpm, options.tpm, options.seconds)
    asyncio.run(compare(f"{load.rpm} requests and {load.tpm:,} tokens per minute, two seconds' burst", load))
    halved = Load(options.rpm, options.tpm, options.seconds, halve_after=8.0)
    asyncio.run(compare(f"the same, halved after 8 s, measured from {SETTLED:g} s later", halved))


if __name__ == "__main__":
    main()
