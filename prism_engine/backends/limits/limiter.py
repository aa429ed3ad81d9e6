"""The limiter of an API: decides when each request may be sent."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from prism_engine.backends.limits.expectation import Expectation, Tokens
from prism_engine.backends.limits.gate import AdaptiveWidth, Gate, stopping_error
from prism_engine.backends.limits.pacer import Pacer
from prism_engine.backends.limits.rate_headers import read_allowances
from prism_engine.backends.limits.request_rate import per_minute, throttler
from prism_engine.backends.limits.shared_quota import QuotaGrant
from prism_engine.backends.limits.token_window import TokenWindow
from prism_engine.backends.limits.unnamed_wait import UnnamedWait
from prism_engine.backends.load import LimitUsage, Load, Wait, WaitReason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from prism_engine.backends.limits.expectation import Demand, TokenKind
    from prism_engine.backends.limits.outage import Outage
    from prism_engine.backends.limits.sent_requests import SentRequest
    from prism_engine.backends.limits.shared_quota import Quantity, SharedQuota
    from prism_engine.backends.limits.token_window import WindowEntry
    from prism_engine.backends.limits.unanimity import Unanimity
    from prism_engine.config import Limits

P = ParamSpec("P")
T = TypeVar("T")

SLACK = 1.01
"""Our minute is longer than the server's by this factor: requests may arrive closer together than they were sent."""

_TOKEN_KINDS: tuple[TokenKind, ...] = ("tokens", "input", "output")

_INSTANT = 1e-3
"""Seconds in which no limit that admitted a request can close by itself."""

_log = logging.getLogger(__name__)


class Slot:
    """Permit to send one request: `async with limiter.slot(...) as slot`. Reports the outcome back to the limiter.

    A slot that ends without a recorded outcome counts its worst case for the whole window, because a failed request may
    have been billed.
    """

    request: SentRequest
    """Set once the slot is entered, like the next two."""
    grant: QuotaGrant
    entries: Sequence[WindowEntry] = ()
    """Its reservation in each token window; empty once settled."""

    def __init__(self, limiter: Limiter, worst: Tokens, *, is_retry: bool) -> None:
        self.worst = worst
        self.is_retry = is_retry
        self.is_probe = False
        """Whether the request finds out if an outage has ended."""
        self._limiter = limiter

    async def __aenter__(self) -> Self:
        await self._limiter.admit(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limiter.end(self)

    def record_headers(self, headers: Mapping[str, str]) -> None:
        """Record the response headers, whatever the status: they may report what the server still allows."""
        self._limiter.record_headers(self, headers)

    def record_success(self, used: Tokens | None = None) -> None:
        """Record an answer and, if known, the tokens it used; the rest of its reservation is released at once."""
        self._limiter.record_success(self, used)

    def record_rate_limit(self, wait: float | None) -> float:
        """Record a rate-limit error (HTTP 429), which pauses all requests; return the seconds of the pause.

        Args:
            wait: seconds that the server named; None if it named no time.
        """
        return self._limiter.record_rate_limit(self, wait)

    def record_rejection(self) -> None:
        """Record that the server did not accept the request, so it used no tokens."""
        self._limiter.record_rejection(self)


class Limiter:
    """Hands out slots, one per request in flight, in FIFO order, so that an API's limits are kept.

    Only the call at the head of the queue waits for the limits; all others wait for it. Requests per minute are limited
    by asyncio-throttle, which polls; they are spread over slices of the minute, because servers enforce limits over
    shorter periods, too. Where the server's headers report how many requests are left, that many may be sent at once.
    Tokens are counted in our own sliding windows, with the expected usage of a call until its actual usage is known.
    The limits in the server's headers apply in addition, once it sends any.

    Args:
        limits: what the API allows.
        shared: quota shared with other processes that use the same key.
        outage: detects whether the endpoint is down; None disables that.
        unanimity: detects whether the endpoint rejects every call; None disables that.
        minute: seconds over which "per minute" is counted; differs from 60 only in tests.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        shared: SharedQuota | None = None,
        outage: Outage | None = None,
        unanimity: Unanimity | None = None,
        minute: float = 60.0,
    ) -> None:
        self._head = Gate(1)
        self._width = AdaptiveWidth(limits.concurrency)
        self._throttler = throttler(limits.requests_per_minute, minute * SLACK)
        rates = per_minute(limits)
        self._windows = [(kind, TokenWindow(rates[kind], minute * SLACK)) for kind in _TOKEN_KINDS if kind in rates]
        self._requests, self._minute = limits.requests_per_minute, minute
        self._may_burst = True
        self._expectation = Expectation()
        self._demands: list[Demand] = []
        """What the call at the head of the queue takes from each window, as of the last look at the limits."""
        self._pacer = Pacer()
        self._shared = shared
        self._outage = outage
        self._unanimity = unanimity
        self._unnamed_wait = UnnamedWait()
        self._waiting_for: WaitReason | None = None
        self._in_flight: set[Slot] = set()
        self._saturated = False
        self._paused_until = 0.0
        self._held_since: float | None = None
        self._retry_is_next = False
        self._changed = asyncio.Event()
        self._changes = 0
        """Counts what may change whether a request may be sent, apart from time."""
        self._timeouts: set[asyncio.Timeout] = set()
        self._closed = False

    def __repr__(self) -> str:
        used = "".join(f", {window.used}/{window.limit} {kind}" for kind, window in self._windows)
        in_flight = f"{len(self._in_flight)}/{self._width.width} in flight"
        return f"<Limiter {in_flight}, head={self._head!r}, {len(self._timeouts)} timed waits{used}>"

    def slot(
        self,
        worst: Tokens = Tokens(),  # noqa: B008 - immutable
        *,
        is_retry: bool = False,
    ) -> Slot:
        """Return a slot; entering it waits until one more request may be sent, and it is held while in flight.

        Args:
            worst: estimate of the most tokens that the request can use.
            is_retry: an earlier request of the same call has failed.

        Raises:
            NotRunError: when entered: `close` was called before this call's turn.
            DeadError: when entered: the endpoint has been down for too long, or rejects every call.
        """
        return Slot(self, worst, is_retry=is_retry)

    async def admit(self, slot: Slot) -> None:
        """Wait until the slot's request may be sent; see `slot`."""
        async with self._turn(is_retry=slot.is_retry):
            try:
                await self._admit(slot)
            finally:
                self._waiting_for = None
        self._retry_is_next &= slot.is_retry
        slot.is_probe = self._outage is not None and self._outage.record_sent()

    def end(self, slot: Slot) -> None:
        """Take note that the slot's request is no longer in flight."""
        if slot.is_probe and self._outage is not None:
            self._outage.record_probe_end()
        self._settle(slot, slot.worst)
        self._in_flight.discard(slot)
        self._note_change()

    def _turn(self, *, is_retry: bool) -> AbstractAsyncContextManager[object]:
        """Return the place in the queue.

        During an outage every other probe is a retry (or what stands in for it): some endpoints fail the first request
        of each call, so that fresh calls alone would never end the outage.
        """
        if is_retry and not self._retry_is_next and self._outage is not None and self._outage.active:
            self._retry_is_next = True
            return self._head.at_front()
        return self._head

    def pause(self, seconds: float) -> None:
        """Send nothing for `seconds`, as the server asked."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)
        self._changes += 1

    def hold(self, *, on: bool) -> None:
        """Send nothing (on) until the next call (off): waiters stay in the queue, slots in use remain valid."""
        now = asyncio.get_running_loop().time()
        if self._held_since is not None and not on and self._outage is not None:
            self._outage.record_pause(now - self._held_since)
        if not on:
            self._held_since = None
        elif self._held_since is None:
            self._held_since = now
        self._note_change()

    def change_limits(self, limits: Limits) -> None:
        """Keep other limits from now on; what was sent and counted in the last minute counts for them.

        Args:
            limits: have every limit that was there before, with whatever value.
        """
        self._width.change_maximum(limits.concurrency)
        self._requests, spread = limits.requests_per_minute, throttler(limits.requests_per_minute, self._minute * SLACK)
        if self._throttler is None or spread is None:
            self._throttler = spread
        else:  # the call at the head of the queue may be waiting for this one: it sees the new rate at its next poll
            self._throttler.rate_limit, self._throttler.period = spread.rate_limit, spread.period
            self._throttler.retry_interval = spread.retry_interval
        rates = per_minute(limits)
        for kind, window in self._windows:
            window.limit = rates[kind]
        known = {kind for kind, _ in self._windows}
        for kind in _TOKEN_KINDS:
            if kind in rates and kind not in known:  # it counts what is sent from now on
                self._windows.append((kind, TokenWindow(rates[kind], self._minute * SLACK)))
                self._demands.append(self._expectation.demand(Tokens(), kind))  # of the head, which looks again
        if self._shared is not None:
            self._shared.change_limits(rates)
        self._note_change()

    def record_headers(self, slot: Slot, headers: Mapping[str, str]) -> None:
        """See `Slot.record_headers`."""
        self._pacer.record_headers(
            slot.request, asyncio.get_running_loop().time(), read_allowances(headers, time.time())
        )
        self._note_change()

    def record_success(self, slot: Slot, used: Tokens | None) -> None:
        """See `Slot.record_success`."""
        if used is not None and used.plausible_for(slot.worst):
            self._expectation.learn(slot.worst, used)
            self._settle(slot, used)
        self._unnamed_wait.record_success(slot.request.at)
        if self._requests is None and not self._windows and not self._pacer.reports_limits:
            self._width.record_no_limits()
        self._width.record_success(slot.request.at, asyncio.get_running_loop().time(), saturated=self._saturated)

    def record_rate_limit(self, slot: Slot, wait: float | None) -> float:
        """See `Slot.record_rate_limit`."""
        now = asyncio.get_running_loop().time()
        self._may_burst = False
        self._settle(slot, Tokens())
        if self._width.record_rate_limit(slot.request.at, now):
            _log.info("rate limited: concurrency reduced to %d requests", self._width.width)
        seconds = self._unnamed_wait.after_refusal(slot.request.at, now) if wait is None else wait
        self.pause(seconds)
        return seconds

    def record_rejection(self, slot: Slot) -> None:
        """See `Slot.record_rejection`."""
        self._settle(slot, Tokens())

    @property
    def in_flight(self) -> int:
        """Number of requests in flight."""
        return len(self._in_flight)

    def close(self) -> None:
        """Send nothing more: current and later waiters get NotRunError, slots in use remain valid. Idempotent."""
        self._closed = True
        self._head.close()
        self._changed.set()
        for timeout in self._timeouts:
            if not timeout.expired():
                timeout.reschedule(0.0)

    async def unless_closed(self, wait: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Await `wait(...)`, such as a sleep before a retry, but no longer than until `close`.

        Raises:
            NotRunError: the limiter is closed; `wait` was cancelled or never started.
        """
        if self._closed:
            raise stopping_error()
        timeout = asyncio.timeout(None)
        self._timeouts.add(timeout)
        try:
            async with timeout:
                return await wait(*args, **kwargs)
        except TimeoutError:
            if timeout.expired():
                raise stopping_error() from None
            raise
        finally:
            self._timeouts.discard(timeout)

    @property
    def load(self) -> Load:
        """What the call at the head of the queue is waiting for, and how much of each limit is in use."""
        now = asyncio.get_running_loop().time()
        limits = {"concurrency": LimitUsage(len(self._in_flight), self._width.width)}
        if self._requests is not None:
            limits["requests_per_minute"] = LimitUsage(self._pacer.sent_since(now - self._minute), self._requests)
        for kind, window in self._windows:
            window.advance(now)
            name = "tokens" if kind == "tokens" else f"{kind}_tokens"
            limits[f"{name}_per_minute"] = LimitUsage(window.used, window.limit)
        reason = self._waiting_for
        if self._outage is not None and self._outage.active:  # all calls may be waiting to be retried
            reason = WaitReason.OUTAGE
        elif reason is None and now < self._paused_until:
            reason = WaitReason.PAUSE
        return Load(reason, limits)

    async def _admit(self, slot: Slot) -> None:
        worst, loop = slot.worst, asyncio.get_running_loop()
        while True:
            while (wait := self._next_wait(worst)) is not None:
                self._waiting_for = wait.reason
                await self._wait_for_change(wait.seconds)
            checked, changes = loop.time(), self._changes
            self._waiting_for = WaitReason.REQUESTS  # visible to others only if the next lines actually wait
            if self._throttler is not None and not self._bursts:
                await self.unless_closed(self._throttler.acquire)
            grant = await self._lease()
            if self._closed:
                raise stopping_error()
            now = loop.time()
            unchanged = changes == self._changes and now - checked < _INSTANT
            if unchanged or self._next_wait(worst) is None:  # no new reason to wait has come up meanwhile
                break
            grant.settle(Tokens(), requests=0)
        slot.grant = grant
        slot.request = self._pacer.record_sent(now, self._expectation.corrected_estimate(worst))
        slot.entries = [
            window.reserve(now, demand) for (_, window), demand in zip(self._windows, self._demands, strict=True)
        ]
        self._in_flight.add(slot)

    @property
    def _bursts(self) -> bool:
        """Whether a minute's requests need not be spread: the server's headers say how many it admits at once.

        After a refusal they are spread again, since some servers enforce their limits over shorter periods as well.
        """
        return self._may_burst and self._pacer.reports("requests")

    async def _lease(self) -> QuotaGrant:
        if self._shared is None:
            return QuotaGrant({}, {})
        amounts: dict[Quantity, int] = {"requests": 1}
        for (kind, _), demand in zip(self._windows, self._demands, strict=True):
            amounts[kind] = demand.expected
        while isinstance(grant := self._shared.take(amounts), float):
            self._waiting_for = WaitReason.TOKENS if self._requests is None else WaitReason.REQUESTS
            await self.unless_closed(asyncio.sleep, grant)
        share = 1 / (1 + self._shared.others)
        if share != self._pacer.share:  # less of what the headers report belongs to this process, or more
            self._pacer.share = share
            self._changes += 1
        return grant

    def _next_wait(self, worst: Tokens) -> Wait | None:
        """Return what keeps the call at the head of the queue from being sent, or None.

        Raises:
            DeadError: nothing may be sent any more.
        """
        if self._unanimity is not None and self._unanimity.suspicious:
            if not self._in_flight:
                raise self._unanimity.verdict()
            return Wait(WaitReason.CONCURRENCY, None)
        if self._held_since is not None:
            return Wait(WaitReason.HELD, None)
        self._saturated = len(self._in_flight) >= self._width.width
        if self._outage is not None and (wait := self._outage.delay()) != 0:
            return Wait(WaitReason.OUTAGE, wait)
        if self._saturated:
            return Wait(WaitReason.CONCURRENCY, None)
        waits = self._limit_waits(worst)
        return max(waits, key=lambda wait: wait.seconds or 0.0) if waits else None

    def _limit_waits(self, worst: Tokens) -> list[Wait]:
        """Return the wait for each limit that does not admit the call now."""
        now = asyncio.get_running_loop().time()
        waits = []
        if self._paused_until > now:
            waits.append(Wait(WaitReason.PAUSE, self._paused_until - now))
        if self._requests is not None:
            seconds = self._pacer.window_delay(now, self._requests, self._minute * SLACK)
            if seconds > 0:
                waits.append(Wait(WaitReason.REQUESTS, seconds))
        self._demands = [self._expectation.demand(worst, kind) for kind, _ in self._windows]
        for (_, window), demand in zip(self._windows, self._demands, strict=True):
            if (seconds := window.delay(now, demand)) > 0:
                waits.append(Wait(WaitReason.TOKENS, seconds))
        if self._pacer.reports_limits:
            needed = self._expectation.corrected_estimate(worst)
            for quantity, seconds in self._pacer.delays(now, needed, alone=not self._in_flight):
                if seconds > 0:
                    waits.append(Wait(WaitReason.REQUESTS if quantity == "requests" else WaitReason.TOKENS, seconds))
        return waits

    async def _wait_for_change(self, seconds: float | None) -> None:
        """Wait until the state of a request in flight changes, but at most `seconds`.

        Raises:
            NotRunError: the limiter is closed.
        """
        self._changed.clear()
        if not self._closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
        if self._closed:
            raise stopping_error()

    def _settle(self, slot: Slot, used: Tokens) -> None:
        """Replace a request's reservations by what it used; only the first call for a slot has an effect."""
        if slot.entries:
            # A window that was added since has no entry of the slot; it is after the others.
            for (kind, window), entry in zip(self._windows, slot.entries, strict=False):
                window.settle(entry, used.of(kind))
            slot.entries = ()
        slot.grant.settle(used)
        self._note_change()

    def _note_change(self) -> None:
        self._changes += 1
        self._changed.set()
