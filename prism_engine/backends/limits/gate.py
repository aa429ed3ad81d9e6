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
