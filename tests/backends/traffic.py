"""Many requests through a limiter on a virtual clock, and the most that any minute of them holds."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque

from prism_engine.backends.limits.expectation import Tokens
from tests.virtual_time import now


def largest_sum(entries, seconds):
    """The most that any window of so many seconds holds; entries are (time, amount) in order of time."""
    window: deque[tuple[float, int]] = deque()
    most = total = 0
    for at, amount in entries:
        window.append((at, amount))
        total += amount
        while at - window[0][0] >= seconds:
            total -= window.popleft()[1]
        most = max(most, total)
    return most


async def send_for(limiter, seconds, jobs, *, workers):
    """Send (estimate, use, seconds on the wire) jobs for so long; return (time sent, tokens used) of each."""
    end, sent = now() + seconds, []

    async def work():
        for worst, used, wire in jobs:
            async with limiter.slot(worst) as slot:
                if now() >= end:
                    return
                sent.append((now(), used))
                await asyncio.sleep(wire)
                slot.answered(used)

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


def made_up(dice, lengths, wire):
    """Prompts of about 90 tokens that are estimated a third too high; replies far below their limit of 512."""
    while True:
        prompt, output = dice.randint(20, 160), LENGTHS[lengths](dice)
        yield Tokens(prompt * 4 // 3, 512), Tokens(prompt, output), wire * dice.uniform(0.5, 1.5)
