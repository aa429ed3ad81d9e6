"""Sends many requests through a limiter on a virtual clock, and measures the busiest minute."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque

from prism_engine.backends.limits.expectation import Tokens
from tests.virtual_time import now


def largest_sum(entries, seconds):
    """Return the largest sum in any window of `seconds`; entries are (time, amount), ordered by time."""
    window: deque[tuple[float, int]] = deque()
    largest = total = 0
    for at, amount in entries:
        window.append((at, amount))
        total += amount
        while at - window[0][0] >= seconds:
            total -= window.popleft()[1]
        largest = max(largest, total)
    return largest


async def send_for(limiter, seconds, jobs, *, workers):
    """Send (estimate, usage, seconds in flight) jobs for `seconds`; return (time sent, tokens used) of each."""
    end, sent = now() + seconds, []

    async def work():
        for worst, used, duration in jobs:
            async with limiter.slot(worst) as slot:
                if now() >= end:
                    return
                sent.append((now(), used))
                await asyncio.sleep(duration)
                slot.record_success(used)

    await asyncio.gather(*(work() for _ in range(workers)))
    return sent


def weighed(sent, kind="tokens"):
    return [(at, used.of(kind)) for at, used in sent]


NOTHING = itertools.repeat((Tokens(), Tokens(), 0.01))
LENGTHS = {
    "the same": lambda dice: 50,
    "even": lambda dice: dice.randint(1, 200),
    "one in ten is cut at the limit": lambda dice: 512 if dice.random() < 0.1 else 5,
    "many short, few long": lambda dice: min(512, int(dice.expovariate(0.01)) + 1),
    "short": lambda dice: 1,
}


def made_up(dice, lengths, duration):
    """Prompts of about 90 tokens, overestimated by a third; replies far below their limit of 512."""
    while True:
        prompt, output = dice.randint(20, 160), LENGTHS[lengths](dice)
        yield Tokens(prompt * 4 // 3, 512), Tokens(prompt, output), duration * dice.uniform(0.5, 1.5)
