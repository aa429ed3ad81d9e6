"""How much may be sent: at once, in requests and in tokens per minute; the limiter of an API."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from asyncio_throttle import Throttler

from prism_engine.backends.limits.expectation import Expectation, Tokens
from prism_engine.backends.limits.gate import AdaptiveWidth, Gate, stopping
from prism_engine.backends.limits.pacer import Pacer
from prism_engine.backends.limits.rate_headers import read_allowances
from prism_engine.backends.limits.shared_quota import QuotaGrant
from prism_engine.backends.limits.token_window import TokenWindow
from prism_engine.backends.load import LimitUsage, Load, Wait, WaitReason

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from prism_engine.backends.limits.expectation import TokenKind
    from prism_engine.backends.limits.outage import Outage
    from prism_engine.backends.limits.pacer import SentRequest
    from prism_engine.backends.limits.shared_quota import Quantity, SharedQuota
    from prism_engine.backends.limits.token_window import WindowEntry
    from prism_engine.config import Limits

P = ParamSpec("P")
T = TypeVar("T")

SLACK = 1.01
"""Our minute is this much longer than the server's: requests may arrive closer together than they left."""

_log = logging.getLogger(__name__)


class Limiter:
    """Hands out slots, one per request on the wire, so that an API's limits are kept. First come, first served.

    Only the call at the head of the queue waits for anything; the others wait for it. Requests per minute are
    asyncio-throttle's, which polls; they are spread over slices of the minute, because servers enforce limits on
    shorter periods too. Tokens are our own windows, which count what a call is expected to use until it is known.
    On top of both comes what the server's own headers say, once they say something.

    Args:
        limits: what the API allows.
        shared: what other processes with the same key may send counts, too.
        outage: says whether the endpoint is down; None where nobody watches for that.
        minute: seconds over which "per minute" is counted; other than 60 in tests only.
    """

    def __init__(
        self, limits: Limits, *, shared: SharedQuota | None = None, outage: Outage | None = None, minute: float = 60.0
    ) -> None:
        self._head = Gate(1)
        self._width = AdaptiveWidth(limits.concurrency)
        self._throttler = throttler(limits.requests_per_minute, minute * SLACK)
        kinds: tuple[TokenKind, ...] = ("tokens", "input", "output")
        rates = per_minute(limits)
        self._windows = [(kind, TokenWindow(rates[kind], minute * SLACK)) for kind in kinds if kind in rates]
        self._requests, self._minute = limits.requests_per_minute, minute
        self._expectation = Expectation()
        self._pacer = Pacer()
        self._shared = shared
        self._outage = outage
        self._waiting_for: WaitReason | None = None
        self._on_wire: dict[Slot, list[WindowEntry]] = {}
        self._crowded = False
        self._paused_until = 0.0
        self._changed = asyncio.Event()
        self._alarms: set[asyncio.Timeout] = set()
        self._closed = False

    def __repr__(self) -> str:
        used = "".join(f", {window.used}/{window.limit} {kind}" for kind, window in self._windows)
        wire = f"{len(self._on_wire)}/{self._width.width} on the wire"
        return f"<Limiter {wire}, head={self._head!r}, {len(self._alarms)} timed waits{used}>"

    @asynccontextmanager
    async def slot(self, worst: Tokens = Tokens()) -> AsyncIterator[Slot]:  # noqa: B008 - immutable
        """Wait until one more request may be sent, and hold its place while it is on the wire.

        Args:
            worst: what the request may use at most, about.

        Raises:
            NotRunError: `close` was called before it was this call's turn.
            DeadError: the endpoint has been down for too long.
        """
        async with self._head:
            try:
                slot = await self._admit(worst)
            finally:
                self._waiting_for = None
        probe = self._outage is not None and self._outage.send()
        try:
            yield slot
        finally:
            if probe and self._outage is not None:
                self._outage.probed()
            self._settle(slot, worst)
            del self._on_wire[slot]
            self._changed.set()

    def pause(self, seconds: float) -> None:
        """Send nothing for so long: the server asked for it."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)

    def heard(self, slot: Slot, headers: Mapping[str, str]) -> None:
        """See `Slot.heard`."""
        self._pacer.heard(slot.outlay, asyncio.get_running_loop().time(), read_allowances(headers, time.time()))
        self._changed.set()

    def answered(self, slot: Slot, used: Tokens | None) -> None:
        """See `Slot.answered`."""
        if used is not None and used.plausible_for(slot.worst):
            self._expectation.learn(slot.worst, used)
            self._settle(slot, used)
        self._width.succeeded(slot.outlay.at, asyncio.get_running_loop().time(), saturated=self._crowded)

    def refused(self, slot: Slot) -> None:
        """See `Slot.refused`."""
        self._settle(slot, Tokens())
        if self._width.refused(slot.outlay.at, asyncio.get_running_loop().time()):
            _log.info("refused for the rate limit: at most %d requests on the wire now", self._width.width)

    def close(self) -> None:
        """Send nothing more: who waits or comes later gets NotRunError, slots in use stay. Idempotent."""
        self._closed = True
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
            raise stopping()
        alarm = asyncio.timeout(None)
        self._alarms.add(alarm)
        try:
            async with alarm:
                return await wait(*args, **kwargs)
        except TimeoutError:
            if alarm.expired():
                raise stopping() from None
            raise
        finally:
            self._alarms.discard(alarm)

    @property
    def load(self) -> Load:
        """What the head of the queue waits for, and how much of each limit is in use."""
        now = asyncio.get_running_loop().time()
        limits = {"concurrency": LimitUsage(len(self._on_wire), self._width.width)}
        if self._requests is not None:
            limits["requests_per_minute"] = LimitUsage(self._pacer.sent_since(now - self._minute), self._requests)
        for kind, window in self._windows:
            window.pass_to(now)
            name = "tokens" if kind == "tokens" else f"{kind}_tokens"
            limits[f"{name}_per_minute"] = LimitUsage(window.used, window.limit)
        guard = self._waiting_for
        if self._outage is not None and self._outage.on:  # calls may all be waiting for another attempt
            guard = WaitReason.OUTAGE
        elif guard is None and now < self._paused_until:
            guard = WaitReason.PAUSE
        return Load(guard, limits)

    async def _admit(self, worst: Tokens) -> Slot:
        while True:
            while (hold := self._hold(worst)) is not None:
                self._waiting_for = hold.guard
                await self.unless_closed(self._nap, hold.seconds)
            self._waiting_for = WaitReason.REQUESTS  # seen by others only where what follows really waits
            if self._throttler is not None:
                await self.unless_closed(self._throttler.acquire)
            leased = await self._lease(worst)
            if self._closed:
                raise stopping()
            if self._hold(worst) is None:  # no pause was ordered while it waited
                break
            leased.settle(Tokens(), requests=0)
        now = asyncio.get_running_loop().time()
        slot = Slot(self, worst, self._pacer.sent(now, self._expectation.corrected(worst)), leased)
        self._on_wire[slot] = [
            window.reserve(now, self._expectation.share(worst, kind)) for kind, window in self._windows
        ]
        return slot

    async def _lease(self, worst: Tokens) -> QuotaGrant:
        if self._shared is None:
            return QuotaGrant({}, {})
        wanted: dict[Quantity, int] = {"requests": 1}
        wanted |= {kind: self._expectation.share(worst, kind).expected for kind, _ in self._windows}
        while isinstance(leased := self._shared.take(wanted), float):
            self._waiting_for = WaitReason.TOKENS if self._requests is None else WaitReason.REQUESTS
            await self.unless_closed(asyncio.sleep, leased)
        self._pacer.share = 1 / (1 + self._shared.others)
        return leased

    def _hold(self, worst: Tokens) -> Wait | None:
        """Return what keeps the head of the queue from being sent; None where nothing does."""
        self._crowded = len(self._on_wire) >= self._width.width
        if self._outage is not None and (wait := self._outage.delay()) != 0:
            return Wait(WaitReason.OUTAGE, wait)
        if self._crowded:
            return Wait(WaitReason.CONCURRENCY, None)
        now = asyncio.get_running_loop().time()
        holds = [Wait(WaitReason.PAUSE, self._paused_until - now)]
        for kind, window in self._windows:
            holds.append(Wait(WaitReason.TOKENS, window.delay(now, self._expectation.share(worst, kind))))
        needed = self._expectation.corrected(worst)
        for counted, seconds in self._pacer.delays(now, needed, alone=not self._on_wire):
            holds.append(Wait(WaitReason.REQUESTS if counted == "requests" else WaitReason.TOKENS, seconds))
        longest = max(holds, key=lambda hold: hold.seconds or 0.0)
        return longest if longest.seconds and longest.seconds > 0 else None

    async def _nap(self, seconds: float | None) -> None:
        """Wait until something on the wire changes, but not longer than that."""
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def _settle(self, slot: Slot, used: Tokens) -> None:
        """Count what a request used; what is said first counts."""
        entries, self._on_wire[slot] = self._on_wire[slot], []
        for (kind, window), entry in zip(self._windows, entries, strict=False):
            window.settle(entry, used.of(kind))
        slot.leased.settle(used)
        self._changed.set()


class Slot:
    """Leave to send one request now, and how to tell what became of it.

    A slot that ends untold counts its worst case for the whole window: a failed request may have been billed.
    """

    def __init__(self, limiter: Limiter, worst: Tokens, outlay: SentRequest, leased: QuotaGrant) -> None:
        self.worst = worst
        self.outlay = outlay
        self.leased = leased
        self._limiter = limiter

    def heard(self, headers: Mapping[str, str]) -> None:
        """Hand over the headers of the answer, whatever its status: they may say what the server still allows."""
        self._limiter.heard(self, headers)

    def answered(self, used: Tokens | None = None) -> None:
        """Say that an answer came, and what it used where that is known: the rest is free again at once."""
        self._limiter.answered(self, used)

    def refused(self) -> None:
        """Say that the server refused it for a rate limit (HTTP 429); it used no tokens then."""
        self._limiter.refused(self)


SLICES = 60
"""A minute's requests are spread over at least this many slices, so that no burst opens the minute."""


def per_minute(limits: Limits) -> dict[Quantity, int]:
    """Return the limits per minute that there are."""
    rates: dict[Quantity, int | None] = {
        "requests": limits.requests_per_minute,
        "tokens": limits.tokens_per_minute,
        "input": limits.input_tokens_per_minute,
        "output": limits.output_tokens_per_minute,
    }
    return {kind: rate for kind, rate in rates.items() if rate is not None}


def throttler(per_minute: int | None, minute: float) -> Throttler | None:
    """Return a throttler that lets `per_minute` pass in any minute and only a slice's share at once.

    A minute holds whole slices of whole requests, so a little of it may be left over: of the shares down to half the
    largest, the one that leaves least is taken. 119 requests are 119 slices, not 60 of one.

    Args:
        minute: its length in seconds.
    """
    if per_minute is None:
        return None
    largest = max(1, per_minute // SLICES)
    share = max(range(largest, largest // 2, -1), key=lambda share: per_minute // share * share)
    period = minute / (per_minute // share)
    # Its questions come at 1/200 of a period, and the last one just after the period's end instead of just before it.
    return Throttler(rate_limit=share, period=period, retry_interval=min(1.0001 * period / 200, 0.05))
