"""The requests sent recently, with running totals: what was sent since a moment is a difference of two of them."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from prism_engine.backends.limits.expectation import Tokens

MEMORY = 120.0
"""Seconds for which sent requests are remembered, because the headers may not count them yet."""
_LEAST_FORGOTTEN = 512
"""Requests are forgotten in pieces of at least this many: removing from the front of a list moves the rest."""


class SentRequest(NamedTuple):
    """A request that was sent, with an estimate of the most it can use."""

    number: int
    """1 for the first request, and so on."""
    at: float
    worst: Tokens
    before: Tokens = Tokens()
    """Sum over all earlier requests."""

    def amount(self, quantity: str) -> int:
        """Return the most that a limit on requests, tokens, input-tokens or output-tokens deducts for it."""
        return 1 if quantity == "requests" else _counted(self.worst, quantity)

    def amount_before(self, quantity: str) -> int:
        """Return the same for all earlier requests together."""
        return self.number - 1 if quantity == "requests" else _counted(self.before, quantity)


class SentRequests:
    """A log of sent requests, oldest first. Times in seconds, never decreasing."""

    def __init__(self) -> None:
        self._requests: list[SentRequest] = []
        self._times: list[float] = []
        self._last = SentRequest(0, 0.0, Tokens())

    def __len__(self) -> int:
        return len(self._requests)

    @property
    def last(self) -> SentRequest:
        """The latest one; number 0 if there is none."""
        return self._last

    def time_of(self, latest: int) -> float:
        """Return when the `latest`-th request from the end was sent (1 is the last one)."""
        return self._times[-latest]

    def append(self, now: float, worst: Tokens) -> SentRequest:
        """Add a request sent now, and forget those older than `MEMORY`."""
        last = self._last
        before = Tokens(last.before.prompt + last.worst.prompt, last.before.output + last.worst.output)
        request = self._last = SentRequest(last.number + 1, now, worst, before)
        self._requests.append(request)
        self._times.append(now)
        if len(self._times) > _LEAST_FORGOTTEN and self._times[_LEAST_FORGOTTEN] < now - MEMORY:
            forgotten = bisect_right(self._times, now - MEMORY)
            del self._requests[:forgotten], self._times[:forgotten]
        return request

    def count_since(self, moment: float) -> int:
        """Return the number of requests sent after a moment."""
        return len(self._times) - bisect_right(self._times, moment)

    def first_since(self, moment: float) -> SentRequest | None:
        """Return the first request sent after a moment."""
        position = bisect_right(self._times, moment)
        return self._requests[position] if position < len(self._requests) else None

    def amount_since(self, moment: float, quantity: str, *, apart_from: SentRequest) -> int:
        """Return the most that a limit deducts for all requests sent after a moment but one."""
        first = self.first_since(moment)
        if first is None:
            return 0
        last = self._last
        total = last.amount_before(quantity) + last.amount(quantity) - first.amount_before(quantity)
        return total - apart_from.amount(quantity) if first.number <= apart_from.number else total


def _counted(tokens: Tokens, quantity: str) -> int:
    if quantity == "tokens":
        return tokens.prompt + tokens.output
    return tokens.prompt if quantity == "input-tokens" else tokens.output
