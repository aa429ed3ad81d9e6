"""Sliding window of token usage: expected amounts are reserved, then replaced by the actual ones."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prism_engine.backends.limits.expectation import Demand

SIGMAS = 3.0
"""Standard deviations by which the requests in flight may together exceed their expected usage."""
HEADROOM = 0.02
"""Extra headroom (share of the limit) for replies much longer than any seen so far."""


@dataclass(slots=True)
class WindowEntry:
    """One request in a token window: its expected tokens, later the tokens it used. Times in seconds."""

    at: float
    tokens: int
    excess: int
    """Worst case minus expected tokens; 0 once the entry is settled, like the variance."""
    variance: float
    active: bool = True
    """Whether the entry is still in the window."""


class TokenWindow:
    """Token usage over a sliding window. Never waits; the caller passes in the current time.

    A safety margin covers what the requests in flight may use beyond their expected tokens: SIGMAS standard deviations
    of their sum plus HEADROOM of the limit, but never more than their worst case.

    Args:
        limit: maximum number of tokens in any window.
        seconds: length of the window.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self.used = 0
        self._excess = 0
        self._variance = 0.0
        self._entries: deque[WindowEntry] = deque()

    def delay(self, now: float, demand: Demand) -> float:
        """Return the seconds until a request fits; one larger than the whole limit is sent once the window is empty."""
        self.advance(now)
        needed = demand.expected + self._margin(demand)
        overflow = self.used + min(needed, self.limit) - self.limit
        if overflow <= 0:
            return 0.0
        for entry in self._entries:
            overflow -= entry.tokens
            if overflow <= 0:
                return max(entry.at + self.seconds - now, 0.0) + 1e-3  # strictly past the edge despite rounding
        raise AssertionError("the entries must add up to `used`")

    def advance(self, now: float) -> None:
        """Drop entries older than the window, so that `used` is current."""
        while self._entries and now - self._entries[0].at > self.seconds:
            expired = self._entries.popleft()
            self._add(expired, -1)
            expired.active = False

    def reserve(self, now: float, demand: Demand) -> WindowEntry:
        """Add a request as of now; call `delay` first."""
        entry = WindowEntry(now, demand.expected, demand.worst - demand.expected, demand.variance)
        self._entries.append(entry)
        self._add(entry, 1)
        return entry

    def settle(self, entry: WindowEntry, tokens: int) -> None:
        """Replace the expected tokens by the tokens used. Does nothing if the entry has left the window."""
        if entry.active:
            self._add(entry, -1)
            entry.tokens, entry.excess, entry.variance = tokens, 0, 0.0
            self._add(entry, 1)

    def _add(self, entry: WindowEntry, sign: int) -> None:
        self.used += sign * entry.tokens
        self._excess += sign * entry.excess
        self._variance += sign * entry.variance

    def _margin(self, demand: Demand) -> int:
        spread = SIGMAS * math.sqrt(max(self._variance + demand.variance, 0.0))  # rounding may make it negative
        return min(self._excess + demand.worst - demand.expected, math.ceil(spread + HEADROOM * self.limit))
