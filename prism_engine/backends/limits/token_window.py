"""Tokens spent over a sliding window: expected before a request is sent, corrected once they are known."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prism_engine.backends.limits.expectation import Share

SIGMAS = 3.0
"""Standard deviations by which requests on the wire may together exceed what is expected of them."""
AWAY = 0.02
"""Share of the limit that is kept free for them beside that: a few may be far longer than all before."""


@dataclass(slots=True)
class WindowEntry:
    """One entry of a token window: what is expected, later what was used. Times in seconds."""

    at: float
    tokens: int
    excess: int
    """Worst case beyond the expectation, in tokens; like the variance, 0 once it is settled."""
    variance: float
    live: bool = True
    """Whether the window still holds it."""


class TokenWindow:
    """Tokens spent over a sliding window; decides without waiting, the caller brings the time.

    What requests on the wire may use beyond what is expected of them has a margin of its own: SIGMAS standard
    deviations of their sum and AWAY of the limit, but never more than their worst case.

    Args:
        limit: tokens that any window may hold.
        seconds: length of the window.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self.used = 0
        self._excess = 0
        self._variance = 0.0
        self._entries: deque[WindowEntry] = deque()

    def delay(self, now: float, share: Share) -> float:
        """Return the seconds until it fits; what is more than the whole limit goes alone into an empty window."""
        self.pass_to(now)
        wanted = share.expected + self._margin(share)
        excess = self.used + min(wanted, self.limit) - self.limit
        if excess <= 0:
            return 0.0
        for entry in self._entries:
            excess -= entry.tokens
            if excess <= 0:
                return max(entry.at + self.seconds - now, 0.0) + 1e-3  # past the edge, whatever the rounding
        raise AssertionError("the entries sum up to what is used")

    def pass_to(self, now: float) -> None:
        """Forget what is older than the window, so that `used` is what it holds now."""
        while self._entries and now - self._entries[0].at > self.seconds:
            gone = self._entries.popleft()
            self._count(gone, -1)
            gone.live = False

    def reserve(self, now: float, share: Share) -> WindowEntry:
        """Count a request from now on; ask `delay` first."""
        entry = WindowEntry(now, share.expected, share.worst - share.expected, share.variance)
        self._entries.append(entry)
        self._count(entry, 1)
        return entry

    def settle(self, entry: WindowEntry, tokens: int) -> None:
        """Replace what was expected by what was used. Nothing happens where the entry has left the window."""
        if entry.live:
            self._count(entry, -1)
            entry.tokens, entry.excess, entry.variance = tokens, 0, 0.0
            self._count(entry, 1)

    def _count(self, entry: WindowEntry, sign: int) -> None:
        self.used += sign * entry.tokens
        self._excess += sign * entry.excess
        self._variance += sign * entry.variance

    def _margin(self, share: Share) -> int:
        spread = SIGMAS * math.sqrt(max(self._variance + share.variance, 0.0))  # below 0 by rounding
        return min(self._excess + share.worst - share.expected, math.ceil(spread + AWAY * self.limit))
