"""How fast a server's own headers say that we may go: never more is sent than what remains."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.backends.limits.expectation import Tokens
    from prism_engine.backends.limits.rate_headers import Allowance

LONGEST_PAUSE = 600.0
"""Seconds; where the headers ask for more, the next request is sent, so that the server says so itself."""
JITTER = 0.1
"""Seconds of inflow that are left alone, up to a twentieth of all: requests may arrive closer than they left."""
APART = 0.25
"""Seconds by which one request may overtake another: what left so shortly before a header may be missing from it."""
CLEAR = 3.0
"""Seconds by which the two kinds of allowance must differ until one is believed; some resets are rounded to seconds."""
MEMORY = 120.0
"""Seconds for which a request may still be missing from what remains."""

_SPANS = {"second": 1.0, "": 60.0, "minute": 60.0, "hour": 3_600.0, "day": 86_400.0, "month": 2_592_000.0}


class SentRequest(NamedTuple):
    """A request that was sent, and about the most that it can use."""

    number: int
    at: float
    worst: Tokens

    def of(self, counted: str) -> int:
        """Return what a limit on requests, tokens, input-tokens or output-tokens deducts for it at most."""
        if counted == "requests":
            return 1
        return self.worst.of("input" if counted == "input-tokens" else "output" if counted != "tokens" else "tokens")


@dataclass(frozen=True, slots=True)
class HeaderReading:
    """What a header said: after `sent` had left, before it was heard (in seconds)."""

    remaining: float
    reset: float
    sent: SentRequest
    heard: float
    lowest: float
    """The least that was said to remain by answers to requests that left shortly before, or this one."""


class ServerLimit:
    """One limit as the server sees it.

    What remains was true at one moment between a request's sending and the hearing of its answer; it is reckoned
    from both ends, and the smaller result counts. Allowances either flow in evenly until they are full, which
    is when they reset, or start anew at the reset. It shows by whether the reset moves away while requests are sent.
    """

    def __init__(self, counted: str, span: str) -> None:
        self.counted = counted
        self._span = _SPANS[span]
        self._rate = self._size = 0.0
        self._flows = False
        self._anchor: HeaderReading | None = None
        self._sight: HeaderReading | None = None

    def hear(self, said: Allowance, sent: SentRequest, now: float) -> None:
        """Take in what the answer to a request said; what is older than what is known counts nothing."""
        old = self._sight
        together = old is not None and abs(sent.at - old.sent.at) < APART
        if old is not None and sent.number <= old.sent.number:
            if together:
                self._sight = replace(old, lowest=min(old.lowest, said.remaining))
            return
        limit = said.limit if said.limit is not None and said.limit >= 1 else 0.0
        if said.reset is None and not limit:
            return
        if limit != self._rate * self._span or self._anchor is None:
            self._rate, self._size, self._flows, self._anchor = limit / self._span, 0.0, said.flows, None
        reset = said.reset if said.reset is not None else max(limit - said.remaining, 0.0) / self._rate
        lowest = min(said.remaining, old.lowest) if old is not None and together else said.remaining
        self._sight = HeaderReading(said.remaining, reset, sent, now, lowest)
        self._flows = bool(limit) and (said.reset is None or self._judged(self._sight))
        # Right for an allowance that flows; no more than there is for one that starts anew.
        self._size = max(self._size, said.remaining, min(said.remaining + self._rate * reset, limit), 1.0)

    def wait(self, now: float, outlay: SentRequest, outlays: deque[SentRequest], *, share: float, alone: bool) -> float:
        """Return the seconds until it can be paid for, as far as is known; more than there ever is goes alone.

        Where nothing else is on the wire, nothing can be missing from the least that was said last.
        """
        sight = self._sight
        if sight is None:
            return 0.0
        refill = max(self._size / self._rate if self._rate else sight.reset, 1.0)
        after_sent, after_heard = self._missing(sight, outlays, now - refill)
        level = min(
            share * self._level(now, sight.sent.at, sight.remaining) - after_sent,
            share * self._level(now, sight.heard, sight.remaining) - after_heard,
        )
        if alone and outlays[-1].number == sight.sent.number:
            level = max(level, share * self._level(now, sight.heard, sight.lowest))
        spare = min(JITTER * self._rate, self._size / 20)
        missing = min(outlay.of(self.counted) + spare, self._size * share) - level
        if missing <= 0:
            return 0.0
        if self._flows:
            wait = missing / (self._rate * share)
        else:
            due = sight.heard + sight.reset
            first = next((other.at for other in outlays if other.at > now - refill), None)
            wait = due - now if now < due or first is None else first + refill - now
        return 0.0 if wait > LONGEST_PAUSE else max(wait, 1e-3)

    def _level(self, now: float, since: float, remaining: float) -> float:
        """Return what there is now if so much remained then."""
        sight = self._sight
        assert sight is not None
        if self._flows:
            return min(remaining + self._rate * (now - since), self._size)
        return self._size if now >= sight.heard + sight.reset else remaining

    def _missing(self, sight: HeaderReading, outlays: deque[SentRequest], past: float) -> tuple[int, int]:
        """Return what a header may not have taken into account, written when its request was sent, or was heard.

        Args:
            past: what was sent before counts no more.
        """
        after_sent = after_heard = 0
        heard = sight.heard - APART
        # From the newest on, and no further than it matters: a minute of requests would be thousands, for each one.
        horizon = max(past, sight.sent.at - APART)
        for other in reversed(outlays):
            if other.at <= horizon:
                break
            if other.number != sight.sent.number:
                amount = 1 if self.counted == "requests" else other.of(self.counted)
                after_sent += amount
                if other.at > heard:
                    after_heard += amount
        return after_sent, after_heard

    def _judged(self, sight: HeaderReading) -> bool:
        """Return whether the allowance flows, as soon as that is clear."""
        old = self._anchor
        if old is None or not self._rate:
            self._anchor = sight
            return self._flows
        elapsed = sight.heard - old.heard
        moved = sight.reset - old.reset + elapsed
        if_it_flows = (old.remaining - sight.remaining) / self._rate + elapsed  # and 0 if it starts anew
        if 0 <= if_it_flows < CLEAR:
            return self._flows
        self._anchor = sight
        return moved > if_it_flows / 2 if if_it_flows > 0 else self._flows


class Pacer:
    """All limits that the server tells of; decides without waiting, the caller brings the time (in seconds)."""

    def __init__(self) -> None:
        self.share = 1.0
        """What of all that remains is ours: other processes may be about to send, too."""
        self._meters: dict[tuple[str, str], ServerLimit] = {}
        self._outlays: deque[SentRequest] = deque()
        self._number = 0

    def delays(self, now: float, worst: Tokens, *, alone: bool = False) -> Iterator[tuple[str, float]]:
        """Yield for each limit what it counts (`requests`, `tokens`, ...), and the seconds until a request fits.

        Args:
            now: seconds, on the clock that `sent` and `heard` use.
            worst: the most tokens that the request may use.
            alone: no other request is in flight.
        """
        outlay = SentRequest(0, now, worst)
        for meter in self._meters.values():
            yield meter.counted, meter.wait(now, outlay, self._outlays, share=self.share, alone=alone)

    def sent_since(self, moment: float) -> int:
        """Return how many requests were sent after a moment, up to `MEMORY` ago."""
        return len(self._outlays) - bisect_right(self._outlays, moment, key=attrgetter("at"))

    def sent(self, now: float, worst: Tokens) -> SentRequest:
        """Count a request; ask `delays` first."""
        self._number += 1
        outlay = SentRequest(self._number, now, worst)
        self._outlays.append(outlay)
        while self._outlays[0].at < now - MEMORY:
            self._outlays.popleft()
        return outlay

    def heard(self, outlay: SentRequest, now: float, allowances: Sequence[Allowance]) -> None:
        """Take in the headers of the answer to a request."""
        for said in allowances:
            key = (said.counted, said.span)
            if key not in self._meters:
                self._meters[key] = ServerLimit(*key)
            self._meters[key].hear(said, outlay, now)
