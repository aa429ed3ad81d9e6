"""A token bucket in exact integer arithmetic."""

from __future__ import annotations

SECOND = 10**9
"""Nanoseconds per second; all times in this module are whole nanoseconds."""
_TOKEN = 60 * SECOND
"""Parts per token. A limit of n per minute then adds n parts per nanosecond, without division."""


class Bucket:
    """Starts full and is refilled evenly with `per_minute` tokens per minute, up to its size.

    Between any two moments it admits at most its size plus the refill between them, exactly.

    Args:
        per_minute: tokens added per minute, at least 1.
        burst: size of the bucket as nanoseconds of refill; at least one token always fits.
    """

    def __init__(self, per_minute: int, burst: int = 60 * SECOND) -> None:
        self.per_minute = per_minute
        self._burst = burst
        self._level = self._size
        self._updated: int | None = None

    @property
    def _size(self) -> int:
        return max(self.per_minute * self._burst, _TOKEN)

    def wait(self, now: int, tokens: int) -> int | None:
        """Return the nanoseconds until `tokens` can be taken; 0 for now, None for never."""
        self._refill(now)
        if tokens * _TOKEN > self._size:
            return None
        return -(-max(tokens * _TOKEN - self._level, 0) // self.per_minute)

    def take(self, tokens: int) -> None:
        """Take tokens, or all that are available if there are fewer."""
        self._level = max(self._level - tokens * _TOKEN, 0)

    def put_back(self, tokens: int) -> None:
        """Put back unused tokens; any that do not fit are lost."""
        self._level = min(self._level + tokens * _TOKEN, self._size)

    def change(self, now: int, per_minute: int) -> None:
        """Change the refill rate from now on; the size changes in proportion."""
        self._refill(now)
        self.per_minute = per_minute
        self._level = min(self._level, self._size)

    def remaining(self, now: int) -> int:
        """Return the number of whole tokens available."""
        self._refill(now)
        return self._level // _TOKEN

    def full_in(self, now: int) -> int:
        """Return the nanoseconds until the bucket is full, if nothing is taken."""
        self._refill(now)
        return -(-(self._size - self._level) // self.per_minute)

    def _refill(self, now: int) -> None:
        if self._updated is None:
            self._updated = now
        if now > self._updated:  # a clock that is set back changes nothing
            self._level = min(self._level + (now - self._updated) * self.per_minute, self._size)
            self._updated = now
