"""The one loop of workers over samples, answers to judge or rows to grade, and the stop that ends it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from prism_engine.engine.garbage import rare_collections
from prism_engine.errors import DeadError, FailuresError, PrismError, StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

MAX_ROUNDS = 3
"""How often an item is processed at most, if calls for it fail."""

Item = TypeVar("Item")


class _Result(Protocol):
    @property
    def trouble(self) -> Exception | None:
        """The error that affects every item; None if there is none."""


Result = TypeVar("Result", bound=_Result)


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
class Lane(Generic[Item]):
    """Items that wait for the same thing first, and a limit on how many are processed concurrently."""

    name: str
    items: Iterator[Item]
    width: int
    drains: bool = False
    """Whether its items are still taken while the run is stopping, because the cache may have all they need."""
    begin: Callable[[], Awaitable[object]] | None = None
    """Awaited before the first item is taken."""
    under_way: int = field(default=0, init=False)
    slots: asyncio.Semaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.slots = asyncio.Semaphore(self.width)

    def widen(self, width: int) -> None:
        """Process more items concurrently from now on; a smaller width has no effect."""
        while self.width < width:
            self.width += 1
            self.slots.release()


async def run_lanes(
    lanes: Sequence[Lane[Item]],
    work: Callable[[Item], Awaitable[Result]],
    done: Callable[[Result], None],
    stop: Stop,
) -> None:
    """Run `work` on the items of all lanes concurrently, each lane within its own width.

    Two lanes instead of one queue: samples whose description is cached keep the reasoner busy from the first second,
    while the perceiver is already working on the others.

    Memory is bounded by the widths: a lane's next item is taken only when one of its own is done.

    Raises:
        Nothing of its own: an error that affects every item requests the stop.
    """

    async def process(item: Item, lane: Lane[Item]) -> None:
        try:
            result = await work(item)
        finally:
            lane.under_way -= 1
            lane.slots.release()
        if result.trouble is not None:
            stop.request(result.trouble)
        done(result)

    async def fill(lane: Lane[Item], group: asyncio.TaskGroup) -> None:
        if lane.begin is not None:
            await lane.begin()
        while True:
            await lane.slots.acquire()
            if stop.requested and (not lane.drains or isinstance(stop.reason, StoreError)):
                return
            try:
                item = next(lane.items, None)
            except PrismError as error:
                stop.request(error)
                return
            if item is None:
                return
            lane.under_way += 1
            group.create_task(process(item, lane))

    with rare_collections():
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(fill(lane, group))


class _Attempt(NamedTuple):
    trouble: Exception | None


async def run_all(items: Iterable[Item], work: Callable[[Item], Awaitable[None]], *, width: int, stop: Stop) -> None:
    """Run `work` on all items, at most `width` at once; a `PrismError` that it raises requests the stop."""

    async def attempt(item: Item) -> _Attempt:
        try:
            await work(item)
        except PrismError as error:  # including NotRunError: already stopping, or no backend to ask
            return _Attempt(error)
        return _Attempt(None)

    def done(_attempt: _Attempt) -> None:
        """Do nothing: `work` keeps its own results."""

    await run_lanes([Lane("items", iter(items), max(width, 1))], attempt, done, stop)


def stop_if_failing(failed: int, total: int, allowed: int | None, unit: str, stop: Stop) -> None:
    """Request the stop if more items failed than `allowed`; None allows any number.

    Args:
        unit: what is counted, in the plural.
    """
    if allowed is not None and failed > allowed:
        stop.request(
            FailuresError(
                f"{failed:,} of {total:,} {unit} failed; `--fail-on-error` (fail_on_error) allows {allowed:,}"
            )
        )


def nothing_answered(reason: str) -> DeadError:
    """Return the error of a judge that has not answered a single call."""
    return DeadError(f"the judge has answered nothing at all: {reason}")
