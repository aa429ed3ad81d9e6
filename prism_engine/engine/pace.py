"""Keeps runs that share a cost cap on the same prefix of their samples, so that what is done can be compared."""

from __future__ import annotations

import asyncio
import heapq
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHARE = 8
"""A run may be ahead of the slowest one by this part of its samples (an eighth)."""
LEAST_AHEAD = 16
"""But by this many at least, so that its requests can be in flight together."""


@dataclass
class Pace:
    """The runs of a command that answer the same samples under one cap.

    A sample may start only if its rank in the visiting order is less than `window` after the first sample that the
    slowest other run has not finished. The slowest run never waits, so all of them get on.
    """

    window: int
    members: list[PaceMember] = field(default_factory=list)

    @classmethod
    def of(cls, samples: int, capacity: int) -> Pace:
        """Return a pace for runs of this many samples, whose models take up to `capacity` requests at once."""
        return cls(max(min(samples // SHARE, capacity), LEAST_AHEAD))

    def join(self) -> PaceMember:
        """Return one more run; all of them join before the first one begins."""
        self.members.append(PaceMember(self))
        return self.members[-1]

    def bound(self, member: PaceMember) -> int:
        """Return the rank from which samples of this run have to wait."""
        others = (other.frontier for other in self.members if other is not member and not other.idle)
        return min(others, default=sys.maxsize - self.window) + self.window

    def release(self) -> None:
        """Start what need not wait any more."""
        for member in self.members:
            member.start_waiting(self.bound(member))


@dataclass(eq=False)
class PaceMember:
    """One run's place among the others."""

    pace: Pace
    frontier: int = 0
    """Rank of the first sample that is not finished."""
    idle: bool = False
    """Whether the run cannot get on, as its engine's turn has not come: the others do not wait for it."""
    _finished: set[int] = field(default_factory=set)
    _waiting: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        """Whether a sample of this run waits for other runs."""
        return bool(self._waiting)

    async def enter(self, rank: int) -> None:
        """Wait until the sample with this rank may start."""
        if rank >= self.pace.bound(self):
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (rank, id(future), future))
            await future

    def finish(self, rank: int) -> None:
        """Record a finished sample."""
        if rank < self.frontier:
            return
        self._finished.add(rank)
        while self.frontier in self._finished:
            self._finished.discard(self.frontier)
            self.frontier += 1
        self.pace.release()

    def set_idle(self, *, idle: bool) -> None:
        """Record whether the run waits for an engine's turn."""
        self.idle = idle
        self.pace.release()

    def leave(self) -> None:
        """Let the others go on without this run, and start all that waits here: it ends, or is stopping. Idempotent."""
        self.frontier = sys.maxsize - self.pace.window
        self.start_waiting(sys.maxsize)
        self.pace.release()

    def start_waiting(self, bound: int) -> None:
        """Start the waiting samples with ranks below `bound`."""
        while self._waiting and self._waiting[0][0] < bound:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)


class Ranks:
    """A run's samples by their ranks in the visiting order; does nothing for a run on its own.

    Args:
        member: None if the run is on its own.
        positions: all samples, in the visiting order.
    """

    def __init__(self, member: PaceMember | None, positions: Iterable[int]) -> None:
        self._member = member
        self._ranks = {} if member is None else {position: rank for rank, position in enumerate(positions)}

    async def enter(self, position: int) -> None:
        """Wait until a sample may start."""
        if self._member is not None:
            await self._member.enter(self._ranks[position])

    def finish(self, position: int) -> None:
        """Record a finished sample."""
        if self._member is not None:
            self._member.finish(self._ranks[position])

    def wait(self) -> bool:
        """Return whether a sample waits for other runs."""
        return self._member is not None and self._member.waits
