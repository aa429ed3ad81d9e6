"""How many requests an endpoint bears at once: found out by asking for more, one step back when it refuses."""

from __future__ import annotations

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
