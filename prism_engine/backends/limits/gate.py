"""A closable FIFO semaphore, and a concurrency limit that adapts to rate-limit errors."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

from prism_engine.errors import NotRunError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType


def stopping_error() -> NotRunError:
    """Return the error for calls that are still waiting when a run stops."""
    return NotRunError("the call was not sent: the run is stopping")


class Gate:
    """A FIFO semaphore with `width` slots: `async with gate:` holds one.

    Args:
        width: number of slots, at least 1.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._held = 0
        self._closed = self._paused = False
        self._queue: deque[asyncio.Future[bool]] = deque()

    def __repr__(self) -> str:
        waiting = sum(not waiter.done() for waiter in self._queue)
        return f"<Gate {'closed' if self._closed else 'open'}, {self._held}/{self.width} held, {waiting} waiting>"

    async def __aenter__(self) -> Self:
        if self._closed or not await self._acquire():
            raise stopping_error()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    @asynccontextmanager
    async def at_front(self) -> AsyncIterator[None]:
        """Hold a slot, ahead of all who wait for one."""
        if self._closed or not await self._acquire(front=True):
            raise stopping_error()
        try:
            yield
        finally:
            self._release()

    def hold(self, *, on: bool) -> None:
        """Let all callers wait (on), or admit them again in their order (off); holders finish."""
        self._paused = on
        while not on and self._queue and self._held < self.width:
            self._held += 1
            self._release()

    def close(self) -> None:
        """Admit no more callers: current and later waiters get NotRunError, holders finish. Idempotent."""
        self._closed = True
        while self._queue:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_result(False)

    async def _acquire(self, *, front: bool = False) -> bool:
        if self._held < self.width and not self._paused:  # then no one waits: a released slot is handed over at once
            self._held += 1
            return True
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        (self._queue.appendleft if front else self._queue.append)(waiter)
        try:
            acquired = await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled() and waiter.result():  # cancelled just after the slot was handed over
                self._release()
            raise
        if acquired and self._closed:  # closed just after the slot was handed over
            self._release()
            return False
        return acquired

    def _release(self) -> None:
        while self._queue and not self._paused:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_result(True)
                return
        self._held -= 1


START = 24
"""Initial concurrency limit, while nothing is known about the API: less than small buckets hold."""
WIDE = 96
"""The limit once an answer has shown that the API reports no limits."""
GROWTH = 2.0
"""Growth per success until the first rate-limit error, so that the limit triples per round trip."""
CUT = 0.8
"""Factor applied to the limit on a rate-limit error."""
COOLDOWN = 15.0
"""Seconds after a cut during which the limit does not grow."""


class AdaptiveWidth:
    """Adaptive concurrency limit (additive increase, multiplicative decrease). Never waits; the caller passes the time.

    It grows only while it is the limit that holds requests back: by GROWTH per success until the first rate-limit error
    (so it triples per round trip), by about one per round trip afterwards. A burst of errors cuts it only once, because
    requests that were sent before the cut say nothing about the limit after it.

    Args:
        maximum: upper bound, at least 1.
        start: initial value.
    """

    def __init__(self, maximum: int, start: int = START) -> None:
        self.maximum = maximum
        self.cuts = 0
        self._size = float(min(start, maximum))
        self._cut_at = float("-inf")

    def change_maximum(self, maximum: int) -> None:
        """Set another upper bound; up to where nothing is known about the API the limit follows it at once."""
        self.maximum = maximum
        least = 1 if self.cuts else START
        self._size = float(min(max(self._size, least), maximum))

    @property
    def width(self) -> int:
        """Maximum number of requests in flight, as of now."""
        return int(self._size)

    def record_success(self, sent: float, now: float, *, saturated: bool) -> None:
        """Record a success.

        Args:
            sent: when its request was sent, in seconds.
            saturated: another request was waiting for a slot.
        """
        if saturated and sent > self._cut_at and now >= self._cut_at + COOLDOWN:
            self._size = min(self._size + (1.0 / self.width if self.cuts else GROWTH), self.maximum)

    def record_no_limits(self) -> None:
        """Record that the API reports no limits of its own, and none are configured."""
        if not self.cuts:
            self._size = min(max(self._size, WIDE), self.maximum)

    def record_rate_limit(self, sent: float, now: float) -> bool:
        """Record a rate-limit error (HTTP 429); return whether it reduced the limit."""
        if sent <= self._cut_at:
            return False
        self.cuts += 1
        self._size = max(float(int(self._size * CUT)), 1.0)
        self._cut_at = now
        return True
