"""A token bucket in whole numbers: it never lets more through than its size and what has flowed in since."""

from __future__ import annotations

SECOND = 10**9
"""Nanoseconds; all times here are whole ones."""
_TOKEN = 60 * SECOND
"""Parts of a token: then a limit of n per minute brings n of them each nanosecond, and no division is needed."""


class Bucket:
    """Full at first; `per_minute` tokens flow in evenly over each minute, until it is full again.

    Between any two moments it admits at most its size and what flows in between them, exactly.

    Args:
        per_minute: tokens that flow in during a minute, at least 1.
        burst: nanoseconds of inflow that it holds; at least one token fits, whatever this says.
    """

    def __init__(self, per_minute: int, burst: int = 60 * SECOND) -> None:
        self.per_minute = per_minute
        self._burst = burst
        self._level = self._size
        self._at: int | None = None

    @property
    def _size(self) -> int:
        return max(self.per_minute * self._burst, _TOKEN)

    def wait(self, now: int, tokens: int) -> int | None:
        """Return the nanoseconds until so many tokens can be taken, 0 for at once, None for never."""
        self._flow(now)
        if tokens * _TOKEN > self._size:
            return None
        return -(-max(tokens * _TOKEN - self._level, 0) // self.per_minute)

    def take(self, tokens: int) -> None:
        """Take tokens, or what there is of them."""
        self._level = max(self._level - tokens * _TOKEN, 0)

    def give(self, tokens: int) -> None:
        """Put tokens back that were taken and not used; what does not fit is lost."""
        self._level = min(self._level + tokens * _TOKEN, self._size)

    def change(self, now: int, per_minute: int) -> None:
        """Let another number flow in per minute from now on; the size changes in proportion."""
        self._flow(now)
        self.per_minute = per_minute
        self._level = min(self._level, self._size)

    def remaining(self, now: int) -> int:
        """Return how many whole tokens there are."""
        self._flow(now)
        return self._level // _TOKEN

    def full_in(self, now: int) -> int:
        """Return the nanoseconds until it is full, if nothing is taken."""
        self._flow(now)
        return -(-(self._size - self._level) // self.per_minute)

    def _flow(self, now: int) -> None:
        if self._at is None:
            self._at = now
        if now > self._at:  # a clock that was put back brings nothing and takes nothing
            self._level = min(self._level + (now - self._at) * self.per_minute, self._size)
            self._at = now
