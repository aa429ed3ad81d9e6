"""The bounded window: which samples are under way, and how a run stops."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prism_engine.errors import PrismError, StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from prism_engine.records import Sample, SampleResult


class Stop:
    """The one place that knows whether the run is stopping, and why.

    A stop is a drain: no sample is begun and no call is sent any more, but what is on the wire completes and is stored.
    """

    def __init__(self) -> None:
        self.reason: Exception | None = None
        """The trouble that stopped the run; None while it runs, and for a stop that the user asked for."""
        self.requested = False
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` once when the stop is requested."""
        self._listeners.append(listener)

    def request(self, reason: Exception | None = None) -> None:
        """Begin to drain; later requests change nothing."""
        if self.requested:
            return
        self.requested = True
        self.reason = reason
        for listener in self._listeners:
            listener()


@dataclass
class Lane:
    """Samples that wait for the same thing first, and how many of them may be under way."""

    name: str
    samples: Iterator[Sample]
    width: int
    drains: bool = False
    """Whether its samples are still taken while the run stops, because the cache may hold all that they need."""
    begin: Callable[[], Awaitable[object]] | None = None
    """What it waits for before it takes its first sample."""
    under_way: int = field(default=0, init=False)


async def run_lanes(
    lanes: Sequence[Lane],
    work: Callable[[Sample], Awaitable[SampleResult]],
    done: Callable[[SampleResult], None],
    stop: Stop,
) -> None:
    """Run `work` over all samples of all lanes at once, each lane within its own width.

    Two lanes rather than one queue: samples whose description is cached keep the reasoner busy from the first second,
    while the perceiver already works on the others.

    Memory is bounded by the widths: a lane's next sample is taken only when one of its own is done.

    Raises:
        Nothing of its own: trouble that concerns every sample requests the stop, and the sample counts as not run.
    """

    async def one(sample: Sample, lane: Lane, places: asyncio.Semaphore) -> None:
        try:
            result = await work(sample)
        finally:
            lane.under_way -= 1
            places.release()
        if result.trouble is not None:
            stop.request(result.trouble)
        done(result)

    async def fill(lane: Lane, group: asyncio.TaskGroup) -> None:
        places = asyncio.Semaphore(lane.width)
        if lane.begin is not None:
            await lane.begin()
        while True:
            await places.acquire()
            if stop.requested and (not lane.drains or isinstance(stop.reason, StoreError)):
                return
            try:
                sample = next(lane.samples, None)
            except PrismError as error:
                stop.request(error)
                return
            if sample is None:
                return
            lane.under_way += 1
            group.create_task(one(sample, lane, places))

    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(fill(lane, group))
