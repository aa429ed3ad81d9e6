"""The bounded window of samples in progress, and the stop of a run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prism_engine.errors import PrismError, StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from prism_engine.records import Sample, SampleResult


class Stop:
    """The single source of truth on whether the run is stopping, and why.

    A stop is a drain: no sample is started and no call is sent any more, but calls in flight complete and are stored.
    """

    def __init__(self) -> None:
        self.reason: Exception | None = None
        """The error that stopped the run; None while it runs and if the user requested the stop."""
        self.requested = False
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` once when the stop is requested."""
        self._listeners.append(listener)

    def request(self, reason: Exception | None = None) -> None:
        """Start draining; later requests have no effect."""
        if self.requested:
            return
        self.requested = True
        self.reason = reason
        for listener in self._listeners:
            listener()


@dataclass
class Lane:
    """Samples that wait for the same thing first, and a limit on how many are processed concurrently."""

    name: str
    samples: Iterator[Sample]
    width: int
    drains: bool = False
    """Whether its samples are still taken while the run is stopping, because the cache may have all they need."""
    begin: Callable[[], Awaitable[object]] | None = None
    """Awaited before the first sample is taken."""
    under_way: int = field(default=0, init=False)


async def run_lanes(
    lanes: Sequence[Lane],
    work: Callable[[Sample], Awaitable[SampleResult]],
    done: Callable[[SampleResult], None],
    stop: Stop,
) -> None:
    """Run `work` on the samples of all lanes concurrently, each lane within its own width.

    Two lanes instead of one queue: samples whose description is cached keep the reasoner busy from the first second,
    while the perceiver is already working on the others.

    Memory is bounded by the widths: a lane's next sample is taken only when one of its own is done.

    Raises:
        Nothing of its own: an error that affects every sample requests the stop, and its sample counts as not run.
    """

    async def process(sample: Sample, lane: Lane, slots: asyncio.Semaphore) -> None:
        try:
            result = await work(sample)
        finally:
            lane.under_way -= 1
            slots.release()
        if result.trouble is not None:
            stop.request(result.trouble)
        done(result)

    async def fill(lane: Lane, group: asyncio.TaskGroup) -> None:
        slots = asyncio.Semaphore(lane.width)
        if lane.begin is not None:
            await lane.begin()
        while True:
            await slots.acquire()
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
            group.create_task(process(sample, lane, slots))

    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(fill(lane, group))
