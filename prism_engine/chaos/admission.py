"""Admission control of the chaos server: API keys and rate limits, with refusals like a provider's."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from prism_engine.chaos.rate_limits import Quota
from prism_engine.chaos.replies import error, wait_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from prism_engine.chaos.behaviour import Behaviour, Stats

INJECTED_WAIT = 1.0
"""Seconds that an injected 429 names."""


class Admission:
    """Admits requests according to a behaviour, and counts the refused ones in `stats`.

    Args:
        clock: monotonic, in seconds.
    """

    def __init__(self, behaviour: Behaviour, stats: Stats, clock: Callable[[], float]) -> None:
        self.quota = Quota(behaviour.limits, clock)
        self._behaviour = behaviour
        self._stats = stats
        self._clock = clock
        self._accepted: deque[float] = deque()
        self._refusals = 0

    def unauthorized(self, request: web.Request, earlier: int) -> web.Response | None:
        """Return a 401 for a wrong key, or for any key once it is revoked; None if the key is accepted.

        Args:
            earlier: number of completion requests before this one.
        """
        sent = request.headers.get("Authorization", "")
        key, last = self._behaviour.key, self._behaviour.revoke_after
        if (key is None or sent == f"Bearer {key}") and (last is None or earlier < last):
            return None
        self._stats.unauthorized += 1
        return error(401, "invalid_api_key", f"Incorrect API key provided: {sent.removeprefix('Bearer ')}")

    def over_limit(self, tokens: int) -> web.Response | None:
        """Count a request of `tokens`, or return a 429 if it exceeds a limit."""
        full = self._window_full()
        refusal = self.quota.admit(tokens) if full is None else None
        if full is None and refusal is None:
            return None
        self._stats.rate_limited += 1
        return self.too_many(wait=full) if refusal is None else self.too_many(str(refusal), refusal.wait)

    def too_many(self, message: str = "Rate limit reached", wait: float | None = INJECTED_WAIT) -> web.Response:
        """Return a 429 that names `wait` seconds in the configured style; `wait` is None if waiting would not help."""
        wait_header = wait_headers(self._behaviour.retry_after, wait, self._refusals)
        self._refusals += 1
        return error(429, "rate_limit_exceeded", message, wait_header | self.quota.headers())

    def _window_full(self) -> float | None:
        """Count a request in the sliding window, or return the seconds until another one fits."""
        limit, window = self._behaviour.rate_limit, self._behaviour.rate_window
        if limit is None:
            return None
        now = self._clock()
        while self._accepted and now - self._accepted[0] >= window:
            self._accepted.popleft()
        if len(self._accepted) >= limit:
            return self._accepted[0] + window - now
        self._accepted.append(now)
        return None
