"""How much of a rate limit is used, and how many 429s that takes: prism's limiter beside two usual ways.

Four clients with more work than time, each against a chaos server of its own in another process, all in real time:
prism that is told the limits, prism that is told nothing and learns them from the headers, asyncio-throttle with a
semaphore that is told the limits, and a client that only retries (tenacity, full jitter, Retry-After honoured). The
server is strict: token buckets that hold two seconds of inflow. In the second part its limits are halved on the way,
and what counts is what happens from ten seconds after that on.

Printed are the served share of what the server allowed, and the share of requests that it refused: its own counts.

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
"""Calls that each client has under way, or requests that it has on the wire."""
WARM = 4.0
"""Seconds that do not count: buckets are full at first, and headers are not known yet."""
SETTLED = 10.0
"""Seconds after the limits were halved from which on it counts."""


@dataclass(frozen=True)
class Load:
    """What is allowed and for how long there is work."""

    rpm: int
    tpm: int
    seconds: float
    halve_after: float | None = None
    latency: float = 0.3


class TooManyError(Exception):
    """A 429, with the seconds after which the server wants to be asked again."""

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.wait = wait


def question(number: int) -> str:
    return (
        f"Question {number}: which of the shapes in the picture is the largest, and what is left of it? Answer briefly."
    )


async def prism(url: str, load: Load, *, told: bool) -> None:
    """Send calls through the backend that runs use."""
    known = Limits(requests_per_minute=load.rpm, tokens_per_minute=load.tpm) if told else Limits()
    api = ChatApi(ApiModel(model="chaos", base_url=url, api_key_env=None, limits=known, attempts=100), None)
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
    """Post what prism posts; retry on 429, with or without a throttle before."""
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
            again = AsyncRetrying(retry=retry_if_exception_type(TooManyError), wait=_polite)
            await again(partial(once, session, body))

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(work(session) for _ in range(TASKS)))


_jitter = wait_random_exponential(multiplier=1, max=60)


def _polite(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    return max(_jitter(state), error.wait if isinstance(error, TooManyError) else 0.0)


@contextlib.asynccontextmanager
async def served(load: Load) -> AsyncIterator[str]:
    """Run a chaos server in a process of its own; give its base URL."""
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
    """Return the served share of what was allowed, and the refused share of what was sent."""
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
    "prism, told the limits": partial(prism, told=True),
    "prism, told nothing": partial(prism, told=False),
    "asyncio-throttle + semaphore": partial(plain, throttled=True),
    "retries only": partial(plain, throttled=False),
}


async def compare(title: str, load: Load) -> None:
    """Let all clients run at once, each against its own server, and print a line for each."""
    results = await asyncio.gather(*(measure(client, load) for client in CLIENTS.values()))
    print(f"{title}\n  {'':30} {'limit used':>10} {'refused':>9}")
    for name, (used, refused) in zip(CLIENTS, results, strict=True):
        print(f"  {name:30} {used:10.1%} {refused:9.2%}")
    ours, theirs = results[0], max(results[2:])
    print(f"  used by prism over the better of the other two: {ours[0] / max(theirs[0], 1e-9):.2f}\n", flush=True)


def main() -> None:
    """Measure both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0, help="that count, in each part")
    parser.add_argument("--rpm", type=int, default=600)
    parser.add_argument("--tpm", type=int, default=60_000)
    options = parser.parse_args()
    load = Load(options.rpm, options.tpm, options.seconds)
    asyncio.run(compare(f"{load.rpm} requests and {load.tpm:,} tokens per minute, two seconds' burst", load))
    halved = Load(options.rpm, options.tpm, options.seconds, halve_after=8.0)
    asyncio.run(compare(f"the same, halved after 8 s; from {SETTLED:g} s later on", halved))


if __name__ == "__main__":
    main()
