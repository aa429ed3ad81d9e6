"""How long to wait after a rate-limit error that names no time."""

from __future__ import annotations

FIRST_WAIT = 1.0
"""Seconds to wait after the first refusal; doubled after each further one."""
LONGEST_UNNAMED_WAIT = 30.0
"""Maximum seconds of such a wait. Most quotas are per minute, which the first six waits outlast."""


class UnnamedWait:
    """Doubles the wait on consecutive refusals and forgets them once a later request succeeds. Never waits itself.

    Refusals of requests that were in flight together are one: they say the same. All times in seconds, on one clock.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._refused_at = float("-inf")

    def after_refusal(self, sent: float, now: float) -> float:
        """Return the seconds to wait after a refusal of a request that was sent at `sent`."""
        if sent > self._refused_at or not self._seconds:
            self._seconds = min(2 * self._seconds or FIRST_WAIT, LONGEST_UNNAMED_WAIT)
            self._refused_at = now
        return max(self._refused_at + self._seconds - now, 0.0)

    def record_success(self, sent: float) -> None:
        """Record a success; one whose request was sent before the last refusal says nothing about the time after."""
        if sent > self._refused_at:
            self._seconds = 0.0
