"""How much may be sent at once, per minute and in tokens: a fair gate, and the limiter of an API."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from asyncio_throttle import Throttler

from prism_engine.backends.token_window import TokenWindow
from prism_engine.errors import NotRunError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from types import TracebackType

    from prism_engine.backends.token_window import Spent
    from prism_engine.config import Limits

P = ParamSpec("P")
T = TypeVar("T")

SLACK = 1.01
"""Our minute is this much longer than the server's: requests may arrive closer together than they left."""
SLICES = 60
"""A minute's requests are spread over at most this many slices, so that no burst opens the minute."""


def _stopping() -> NotRunError:
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
            raise _stopping()
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


class Slot:
    """Leave to send one request now."""

    def __init__(self, limiter: Limiter, entry: Spent | None) -> None:
        self._limiter = limiter
        self._entry = entry

    def settle(self, tokens: int) -> None:
        """Say what the request really used; what was reserved beyond it is free again at once.

        A slot that is never settled keeps its reservation for the whole window: a failed request may have been billed.
        """
        if self._entry is not None:
            self._limiter.refund(self._entry, tokens)


class Limiter:
    """Hands out slots, one per request on the wire, so that an API's limits are kept. First come, first served.

    Requests per minute are asyncio-throttle's, which polls: only the one call at the head of the queue waits on it.
    They are spread over slices of the minute, because servers enforce limits on shorter periods too. Tokens are
    our own window, which knows reservations and refunds.

    Args:
        limits: what the API allows.
        minute: seconds over which "per minute" is counted; other than 60 in tests only.
    """

    def __init__(self, limits: Limits, *, minute: float = 60.0) -> None:
        self._places = Gate(limits.concurrency)
        self._head = Gate(1)
        self._throttler = _throttler(limits.requests_per_minute, minute * SLACK)
        tokens = limits.tokens_per_minute
        self._window = TokenWindow(tokens, minute * SLACK) if tokens else None
        self._paused_until = 0.0
        self._refunded = asyncio.Event()
        self._alarms: set[asyncio.Timeout] = set()
        self._closed = False

    def __repr__(self) -> str:
        used = f", {self._window.used}/{self._window.limit} tokens" if self._window else ""
        return f"<Limiter places={self._places!r} head={self._head!r}, {len(self._alarms)} timed waits{used}>"

    @asynccontextmanager
    async def slot(self, tokens: int = 0) -> AsyncIterator[Slot]:
        """Wait until one more request may be sent, and hold its place while it is on the wire.

        Args:
            tokens: what the request may use at most, prompt and completion together; corrected by `Slot.settle`.

        Raises:
            NotRunError: `close` was called before it was this call's turn.
        """
        async with self._places:
            async with self._head:
                slot = Slot(self, await self._admit(tokens))
            yield slot

    def pause(self, seconds: float) -> None:
        """Send nothing for so long: the server asked for it."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)

    def refund(self, entry: Spent, tokens: int) -> None:
        """Settle a reservation; see `Slot.settle`."""
        if self._window is not None:
            self._window.settle(entry, tokens)
            self._refunded.set()

    def close(self) -> None:
        """Send nothing more: who waits or comes later gets NotRunError, slots in use stay. Idempotent."""
        self._closed = True
        self._places.close()
        self._head.close()
        for alarm in self._alarms:
            if not alarm.expired():
                alarm.reschedule(0.0)

    async def unless_closed(self, wait: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Await `wait(...)`, such as a sleep before a retry, but not beyond `close`.

        Raises:
            NotRunError: the limiter is closed; the waiting was cancelled or never begun.
        """
        if self._closed:
            raise _stopping()
        alarm = asyncio.timeout(None)
        self._alarms.add(alarm)
        try:
            async with alarm:
                return await wait(*args, **kwargs)
        except TimeoutError:
            if alarm.expired():
                raise _stopping() from None
            raise
        finally:
            self._alarms.discard(alarm)

    async def _admit(self, tokens: int) -> Spent | None:
        while True:
            if wait := self._delay(tokens):
                await self.unless_closed(self._nap, wait)
                continue
            if self._throttler is not None:
                await self.unless_closed(self._throttler.acquire)
            if not self._delay(tokens):  # no pause was ordered while it waited
                break
        now = asyncio.get_running_loop().time()
        return None if self._window is None else self._window.reserve(now, tokens)

    def _delay(self, tokens: int) -> float:
        now = asyncio.get_running_loop().time()
        full = self._window.delay(now, tokens) if self._window is not None else 0.0
        return max(full, self._paused_until - now)

    async def _nap(self, seconds: float) -> None:
        self._refunded.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._refunded.wait()


def _throttler(per_minute: int | None, minute: float) -> Throttler | None:
    """Return a throttler that lets `per_minute` pass in any minute and only a slice's share at once."""
    if per_minute is None:
        return None
    share = max(1, per_minute // SLICES)
    period = minute / (per_minute // share)
    return Throttler(rate_limit=share, period=period, retry_interval=min(period / 100, 0.05))
