"""What bounded a run: its wall time, split by what it waited for at each moment."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.stages.meter import Meter

EVERY = 0.1
"""Seconds between two looks; a look costs microseconds."""
PERCEIVER = "perceiver"
REASONER = "reasoner"
TURN = "another engine's turn"
"""The perceiver waits until it may be up: another run's (or another of its own) has the GPU."""
NOTHING = "prism"
"""No call is under way: look-ups, reading, writing."""


class BottleneckClock:
    """Looks every now and then at what holds the run back, and counts the time since the last look towards that.

    Where a question waits for a limit of who answers, that limit is it (`requests_per_minute`, `tokens_per_minute`,
    `concurrency`, `budget`, `asked_to_wait`, `outage`), whatever the perceiver does beside it. Else it is the perceiver
    (with its own limit, if it is an API's that waits), else the model that answers, whose last calls are under way. A
    call that another run makes counts where this one waits for it.

    Args:
        answerer: what it is called, where the time goes into its answers.
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
        """Share of the time that each was what bounded the run, the largest first."""
        total = sum(self.seconds.values())
        largest_first = sorted(self.seconds.items(), key=itemgetter(1), reverse=True)
        return {name: seconds / total for name, seconds in largest_first} if total else {}

    async def watch(self) -> None:
        """Look until cancelled; what came after the last look counts as well."""
        try:
            while True:
                await asyncio.sleep(EVERY)
                self.look()
        finally:
            self.look()

    def look(self) -> None:
        """Count the time since the last look."""
        now = self._clock()
        self.seconds[self._bound()] += now - self._last
        self._last = now

    def _bound(self) -> str:
        answering, describing = self._answering, self._describing
        guard = answering.load().waiting_for if answering is not None and answering.in_flight else None
        if guard is not None:
            return guard.value
        if describing is not None and describing.in_flight:
            guard = describing.load().waiting_for
            return PERCEIVER if guard is None else f"{PERCEIVER}'s {guard.value}"
        if answering is not None and answering.in_flight:
            return self._answerer
        if describing is not None and describing.joined:
            return PERCEIVER
        if answering is not None and answering.joined:
            return self._answerer
        return TURN if self.waits_for_turn else NOTHING
