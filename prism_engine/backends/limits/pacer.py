"""Paces requests by the server's rate-limit headers; never sends more than they say is left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prism_engine.backends.limits.sent_requests import QUANTITIES, Amounts, SentRequests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.backends.limits.expectation import Tokens
    from prism_engine.backends.limits.rate_headers import Allowance
    from prism_engine.backends.limits.sent_requests import SentRequest

LONGEST_PAUSE = 600.0
"""Seconds. If the headers imply a longer wait, the next request is sent anyway and the server itself refuses it."""
JITTER = 0.1
"""Seconds of refill kept unused, at most 1/20 of the limit: requests may arrive closer together than they were sent."""
REORDERING = 0.25
"""Seconds by which one request may overtake another: a header may not count requests sent this shortly before it."""
CLEAR_DIFFERENCE = 3.0
"""Seconds by which the resets expected of the two refill kinds must differ before one is chosen; some servers round
resets to whole seconds."""

_SPANS = {"second": 1.0, "": 60.0, "minute": 60.0, "hour": 3_600.0, "day": 86_400.0, "month": 2_592_000.0}


@dataclass(frozen=True, slots=True)
class HeaderReading:
    """One limit's headers in the response to `request`. Times in seconds."""

    remaining: float
    reset: float
    request: SentRequest
    received: float
    lowest: float
    """The lowest `remaining` in the responses to this request and to those sent within REORDERING of it."""


class ServerLimit:
    """One limit as reported by the server, with an estimate of what is available now.

    A header's `remaining` was true at some moment between sending the request and receiving its response, and servers
    differ in which. The estimate is computed for both ends of that interval, and the smaller result is used. Example:
    600 requests per minute, that is 10 per second, refilled continuously:

        t = 0 s       1 s           2 s                          3 s
        |-------------|-------------|----------------------------|
        A sent        B sent        A's response: remaining 50   now: may C be sent?

        counted when A was sent:        50 + 3 s * 10/s - 1 (B, sent after A) = 79
        counted when A was answered:    50 + 1 s * 10/s - 0                   = 60
        available now:                  min(79, 60)                           = 60

    Requests that were sent up to REORDERING seconds before the moment in question may not be counted in the header, so
    they are deducted, too. Were fewer available than C needs, C would wait for the shortfall to be refilled.

    Limits come in two kinds. A *continuous* one (token bucket) refills evenly, and its reset is the time at which it is
    full. A *fixed window* is full again at the reset, and nothing is refilled before. Which one it is shows while
    requests are sent: a bucket's reset time moves away, a window's stays where it is.
    """

    def __init__(self, quantity: str, span: str) -> None:
        self.quantity = quantity
        self._place = QUANTITIES.index(quantity)
        self._span = _SPANS[span]
        self._rate = self._size = 0.0  # refill per second; the most that is ever available
        self._continuous = False
        self._anchor: HeaderReading | None = None
        self._reading: HeaderReading | None = None

    def update(self, allowance: Allowance, request: SentRequest, now: float) -> None:
        """Take in the headers of the response to a request; readings older than the current one are ignored."""
        old = self._reading
        concurrent = old is not None and abs(request.at - old.request.at) < REORDERING
        if old is not None and request.number <= old.request.number:
            if concurrent:
                self._reading = replace(old, lowest=min(old.lowest, allowance.remaining))
            return
        limit = allowance.limit if allowance.limit is not None and allowance.limit >= 1 else 0.0
        if allowance.reset is None and not limit:
            return
        if limit != self._rate * self._span or self._anchor is None:
            self._rate, self._size, self._continuous, self._anchor = limit / self._span, 0.0, allowance.continuous, None
        reset = allowance.reset if allowance.reset is not None else max(limit - allowance.remaining, 0.0) / self._rate
        lowest = min(allowance.remaining, old.lowest) if old is not None and concurrent else allowance.remaining
        self._reading = HeaderReading(allowance.remaining, reset, request, now, lowest)
        self._continuous = bool(limit) and (allowance.reset is None or self._detect_continuous(self._reading))
        # Exact for a token bucket; for a fixed window it never exceeds the limit.
        self._size = max(self._size, allowance.remaining, min(allowance.remaining + self._rate * reset, limit), 1.0)

    def wait(self, now: float, needed: Amounts, earlier: SentRequests, *, share: float, alone: bool) -> float:
        """Return the seconds until the limit should admit a request; 0 if no headers are known.

        A request larger than the whole limit is sent once the limit is full.

        Args:
            needed: the most that the request may use.
            earlier: the requests sent so far.
            share: fraction of the limit that belongs to this process.
            alone: no other request is in flight. Then the lowest value last reported counts every request.
        """
        reading = self._reading
        if reading is None:
            return 0.0
        refill = max(self._size / self._rate if self._rate else reading.reset, 1.0)
        since_sent, since_received = self._uncounted(reading, earlier, now - refill)
        available = min(
            share * self._available(now, reading.request.at, reading.remaining) - since_sent,
            share * self._available(now, reading.received, reading.remaining) - since_received,
        )
        if alone and earlier.last_number == reading.request.number:
            available = max(available, share * self._available(now, reading.received, reading.lowest))
        margin = min(JITTER * self._rate, self._size / 20)
        shortfall = min(needed[self._place] + margin, self._size * share) - available
        if shortfall <= 0:
            return 0.0
        if self._continuous:
            wait = shortfall / (self._rate * share)
        else:
            due = reading.received + reading.reset
            if now >= due and not self._rate and self._size <= 1:
                return 0.0  # only a refusal has reported this limit, and not how large it is
            # Past the reset and without a newer header, all recent requests may belong to the present window.
            oldest = earlier.first_since(now - refill)
            wait = due - now if now < due or oldest is None else oldest.at + refill - now
        return 0.0 if wait > LONGEST_PAUSE else max(wait, 1e-3)

    def _available(self, now: float, since: float, remaining: float) -> float:
        """Return what is available now if `remaining` was available at `since`."""
        reading = self._reading
        assert reading is not None
        if self._continuous:
            return min(remaining + self._rate * (now - since), self._size)
        return self._size if now >= reading.received + reading.reset else remaining

    def _uncounted(self, reading: HeaderReading, requests: SentRequests, expired: float) -> tuple[int, int]:
        """Return the amounts that a header may not count, if it was true when its request was sent, or was answered.

        Args:
            expired: requests sent up to this moment no longer take anything from the limit.
        """
        own, place = reading.request, self._place
        sent = max(expired, own.at - REORDERING)
        received = max(sent, reading.received - REORDERING)
        return (
            requests.amount_since(sent, place, apart_from=own),
            requests.amount_since(received, place, apart_from=own),
        )

    def _detect_continuous(self, reading: HeaderReading) -> bool:
        """Return whether the limit refills continuously; keep the present answer while the readings fit both kinds.

        Compared is how far the reset time has moved since an earlier reading (the anchor).
        """
        old = self._anchor
        if old is None or not self._rate:
            self._anchor = reading
            return self._continuous
        elapsed = reading.received - old.received
        moved = reading.reset - old.reset + elapsed
        moved_if_continuous = (old.remaining - reading.remaining) / self._rate + elapsed  # 0 for a fixed window
        if 0 <= moved_if_continuous < CLEAR_DIFFERENCE:
            return self._continuous
        self._anchor = reading
        return moved > moved_if_continuous / 2 if moved_if_continuous > 0 else self._continuous


class Pacer:
    """Tracks every limit that the server's headers report. Never waits; the caller passes in the time in seconds."""

    def __init__(self) -> None:
        self.share = 1.0
        """Fraction of each limit that belongs to this process; other processes may be sending, too."""
        self._limits: dict[tuple[str, str], ServerLimit] = {}
        self._requests = SentRequests()

    def delays(self, now: float, worst: Tokens, *, alone: bool = False) -> Iterator[tuple[str, float]]:
        """Yield, for each limit, its quantity (`requests`, `tokens`, ...) and the seconds until a request fits.

        Args:
            now: seconds, on the clock used for `record_sent` and `record_headers`.
            worst: the most tokens that the request may use.
            alone: no other request is in flight.
        """
        needed = Amounts.of(worst)
        for limit in self._limits.values():
            yield limit.quantity, limit.wait(now, needed, self._requests, share=self.share, alone=alone)

    @property
    def reports_limits(self) -> bool:
        """Whether the server's headers have reported any limit."""
        return bool(self._limits)

    def reports(self, quantity: str) -> bool:
        """Whether the server's headers report a limit on this quantity."""
        return any(limit.quantity == quantity for limit in self._limits.values())

    def window_delay(self, now: float, limit: int, seconds: float) -> float:
        """Return the seconds until one more request makes at most `limit` of them in any `seconds`."""
        if len(self._requests) < limit:
            return 0.0
        return max(self._requests.time_of(limit) + seconds - now, 0.0)

    def sent_since(self, moment: float) -> int:
        """Return the number of requests sent after a moment, which may be up to `MEMORY` seconds ago."""
        return self._requests.count_since(moment)

    def record_sent(self, now: float, worst: Tokens) -> SentRequest:
        """Record a request as sent; call `delays` first."""
        return self._requests.append(now, worst)

    def record_headers(self, request: SentRequest, now: float, allowances: Sequence[Allowance]) -> None:
        """Record the limits reported in the headers of the response to a request."""
        for allowance in allowances:
            key = (allowance.quantity, allowance.span)
            if key not in self._limits:
                self._limits[key] = ServerLimit(*key)
            self._limits[key].update(allowance, request, now)
