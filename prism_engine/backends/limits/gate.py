"""So many places and no more: a fair gate, first come, first served."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Self

from prism_engine.errors import NotRunError

if TYPE_CHECKING:
    from types import TracebackType


def stopping() -> NotRunError:
    """Return what is raised to whoever waits when a run stops."""
    return NotRunError("the call was not sent: the run is stopping")


class Gate:
    """`width` places, given out first come, first served: `async with gate:` holds one.

    Args:
        width: places, at least 1.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._held = 0
        self._closed = False
        self._queue: deque[asyncio.Future[bool]] = deque()

    def __repr__(self) -> str:
        waiting = sum(not turn.done() for turn in self._queue)
        return f"<Gate {'closed' if self._closed else 'open'}, {self._held}/{self.width} held, {waiting} waiting>"

    async def __aenter__(self) -> Self:
        if self._closed or not await self._enter():
            raise stopping()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def close(self) -> None:
        """Let nobody in any more: who waits or comes later gets NotRunError, holders finish. Idempotent."""
        self._closed = True
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(False)

    async def _enter(self) -> bool:
        if self._held < self.width:  # then nobody waits: a place that falls free is handed on at once
            self._held += 1
            return True
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            given = await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.result():  # cancelled just after the place was handed over
                self._leave()
            raise
        if given and self._closed:  # closed just after the place was handed over
            self._leave()
            return False
        return given

    def _leave(self) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(True)
                return
        self._held -= 1


START = 16
"""Requests on the wire at once to begin with."""
CUT = 0.8
"""What a refusal leaves of the width."""
COOLDOWN = 15.0
"""Seconds after a cut during which nothing grows."""


class AdaptiveWidth:
    """The number of requests that may be on the wire; decides without waiting, the caller brings the time.

    It grows only while it is what holds requests back: by one per success until the first refusal (so it doubles
    per round trip), by about one per round trip afterwards. A burst of refusals is one episode and cuts once: requests
    that were sent before the cut tell nothing about the width after it.

    Args:
        most: what it never exceeds, at least 1.
        start: what it begins with.
    """

    def __init__(self, most: int, start: int = START) -> None:
        self.most = most
        self.cuts = 0
        self._size = float(min(start, most))
        self._cut_at = float("-inf")

    @property
    def width(self) -> int:
        """Requests that may be on the wire now."""
        return int(self._size)

    def succeeded(self, sent: float, now: float, *, saturated: bool) -> None:
        """Note an answer.

        Args:
            sent: when its request was sent, in seconds.
            saturated: another request was waiting for a place.
        """
        if saturated and sent > self._cut_at and now >= self._cut_at + COOLDOWN:
            self._size = min(self._size + (1.0 / self.width if self.cuts else 1.0), self.most)

    def refused(self, sent: float, now: float) -> bool:
        """Note a refusal for the rate limit (HTTP 429); return whether it cut the width."""
        if sent <= self._cut_at:
            return False
        self.cuts += 1
        self._size = max(float(int(self._size * CUT)), 1.0)
        self._cut_at = now
        return True
