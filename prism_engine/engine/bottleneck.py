"""A clock that splits a run's wall time by what the run was waiting for at each moment."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.stages.meter import Meter

TICK_SECONDS = 0.1
"""Seconds between two ticks; a tick costs microseconds."""
PERCEIVER = "perceiver"
REASONER = "reasoner"
TURN = "another engine's turn"
"""The perceiver waits for the GPU, which another run's engine (or another engine of the same run) occupies."""
NOTHING = "prism"
"""No call is in flight: look-ups, reading, writing."""


class BottleneckClock:
    """Periodically checks what the run is waiting for, and attributes the time since the last check to it.

    If an answer is waiting on one of the reasoner's limits (`requests_per_minute`, `tokens_per_minute`, `concurrency`,
    `budget`, `asked_to_wait`, `outage`), that limit is the bottleneck, whatever the perceiver is doing. Otherwise it is
    the perceiver (with the name of its limit, if its next call waits on one). Otherwise it is the reasoner, if its last
    calls are in flight. A call made by another run counts if this run waits for it.

    Args:
        answerer: the name under which time spent on answers is reported.
    """

    def __init__(
        self,
        describing: Meter | None,
        answering: Meter | None,
        *,
        answerer: str = REASONER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.waits_for_turn = False
        self._describing = describing
        self._answering = answering
        self._answerer = answerer
        self._clock = clock
        self._last = clock()

    @property
    def shares(self) -> dict[str, float]:
        """Share of the time for which each was the bottleneck, largest first."""
        total = sum(self.seconds.values())
        largest_first = sorted(self.seconds.items(), key=itemgetter(1), reverse=True)
        return {name: seconds / total for name, seconds in largest_first} if total else {}

    async def watch(self) -> None:
        """Tick until cancelled; the time since the last tick is counted as well."""
        try:
            while True:
                await asyncio.sleep(TICK_SECONDS)
                self.tick()
        finally:
            self.tick()

    def tick(self) -> None:
        """Attribute the time since the last tick to the current bottleneck."""
        now = self._clock()
        self.seconds[self._bottleneck()] += now - self._last
        self._last = now

    def _bottleneck(self) -> str:
        answering, describing = self._answering, self._describing
        limit = answering.load().waiting_for if answering is not None and answering.in_flight else None
        if limit is not None:
            return limit.value
        if describing is not None and describing.in_flight:
            limit = describing.load().waiting_for
            return PERCEIVER if limit is None else f"{PERCEIVER}'s {limit.value}"
        if answering is not None and answering.in_flight:
            return self._answerer
        if describing is not None and describing.joined:
            return PERCEIVER
        if answering is not None and answering.joined:
            return self._answerer
        return TURN if self.waits_for_turn else NOTHING
