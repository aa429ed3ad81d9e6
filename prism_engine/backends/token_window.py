"""Tokens spent over a sliding window: reserved before a request is sent, corrected once it is known."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(slots=True)
class Spent:
    """One entry of a token window: what was reserved, later what was used. Times in seconds."""

    at: float
    tokens: int
    live: bool = True
    """Whether the window still holds it."""


class TokenWindow:
    """Tokens spent over a sliding window; decides without waiting, the caller brings the time.

    Args:
        limit: tokens that any window may hold.
        seconds: length of the window.
    """

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self.used = 0
        self._entries: deque[Spent] = deque()

    def delay(self, now: float, tokens: int) -> float:
        """Return the seconds until so many tokens fit; more than the whole limit go alone into an empty window."""
        while self._entries and now - self._entries[0].at > self.seconds:
            gone = self._entries.popleft()
            gone.live = False
            self.used -= gone.tokens
        excess = self.used + min(tokens, self.limit) - self.limit
        if excess <= 0:
            return 0.0
        for entry in self._entries:
            excess -= entry.tokens
            if excess <= 0:
                return max(entry.at + self.seconds - now, 0.0) + 1e-3  # past the edge, whatever the rounding
        raise AssertionError("the entries sum up to what is used")

    def reserve(self, now: float, tokens: int) -> Spent:
        """Count tokens from now on; ask `delay` first."""
        entry = Spent(now, tokens)
        self._entries.append(entry)
        self.used += tokens
        return entry

    def settle(self, entry: Spent, tokens: int) -> None:
        """Replace a reservation by what was used. Nothing happens where the entry has left the window."""
        if entry.live:
            self.used += tokens - entry.tokens
            entry.tokens = tokens
