"""A clock that splits a run's wall time by what the run was waiting for at each moment."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING

from prism_engine.backends.load import WaitReason
from prism_engine.stage import ANSWERS, STAGE_OF

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prism_engine.stage import StageKey
    from prism_engine.stages.meter import Meter

TICK_SECONDS = 0.1
"""Seconds between two ticks; a tick costs microseconds."""
_LAST = (*ANSWERS, "judge")
TURN = "another engine's turn"
"""The perceiver waits for the GPU, which another run's engine (or another engine of the same run) occupies."""
OTHERS = "other runs under the same cap"
"""Samples wait for the runs that share the cost cap, so that all of them get equally far."""
NOTHING = "prism"
"""No call is in flight: look-ups, reading, writing."""


class BottleneckClock:
    """Periodically checks what the run is waiting for, and attributes the time since the last check to it.

    If an answer is waiting on one of the reasoner's limits (`requests_per_minute`, `tokens_per_minute`, `concurrency`,
    `budget`, `asked_to_wait`, `outage`), or because the user paused the run (`paused`), that is the bottleneck,
    whatever the perceiver is doing. Otherwise it is the perceiver (with the name of its limit, if its next call waits
    on one), or another stage before the answer. Otherwise it is the reasoner, if its last calls are in flight. A call
    made by another run counts if this run waits for it. Stages are named by the roles of their models.

    Args:
        meters: of the run's stages, in the order of the stages.
    """

    def __init__(self, meters: Mapping[StageKey, Meter], *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.waits_for_turn = False
        self.waits_for_others: Callable[[], bool] = lambda: False
        self.while_starting: Callable[[float, float], None] = lambda since, until: None  # noqa: ARG005 - a default
        """Is called with the two ends of each tick during which a model was started."""
        stages = [(STAGE_OF[key], meter) for key, meter in meters.items()]
        self._last_stage = [(stage.role, meter) for stage, meter in stages if stage.key in _LAST]
        self._earlier_stages = [(stage.role, meter) for stage, meter in reversed(stages) if stage.key not in _LAST]
        """The nearest to the answer first."""
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
        if self._is_starting():
            self.while_starting(self._last, now)
        self._last = now

    def _is_starting(self) -> bool:
        """Return whether a model is being started, or an engine makes room for the next one."""
        earlier = [meter for _, meter in self._earlier_stages]
        if any(meter.in_flight and meter.load().starting for meter in (*earlier, *dict(self._last_stage).values())):
            return True
        return self.waits_for_turn and not any((meter.whole or meter).in_flight for meter in earlier)

    def _bottleneck(self) -> str:
        for _, meter in self._last_stage:
            if meter.in_flight and (limit := meter.load().waiting_for) is not None:
                return limit.value
        for role, meter in self._earlier_stages:
            if meter.in_flight:
                return _named(role, meter.load().waiting_for)
        for role, meter in self._last_stage:
            if meter.in_flight:
                return role
        for role, meter in (*self._earlier_stages, *self._last_stage):
            if meter.joined:
                return role
        if self.waits_for_turn:
            return TURN
        return OTHERS if self.waits_for_others() else NOTHING


def _named(role: str, limit: WaitReason | None) -> str:
    if limit is None:
        return role
    return limit.value if limit is WaitReason.HELD else f"{role}'s {limit.value}"
