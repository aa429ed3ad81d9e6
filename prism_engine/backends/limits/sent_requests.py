"""The requests sent recently, with running totals: what was sent since a moment is a difference of two of them."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from prism_engine.backends.limits.expectation import Tokens

MEMORY = 120.0
"""Seconds for which sent requests are remembered, because the headers may not count them yet."""
_LEAST_FORGOTTEN = 512
"""Requests are forgotten in pieces of at least this many: removing from the front of a list moves the rest."""

QUANTITIES = ("requests", "tokens", "input-tokens", "output-tokens")
"""What limits count; an amount is a place in `Amounts`."""


class Amounts(NamedTuple):
    """The most that each quantity's limit deducts for one or more requests, in the order of `QUANTITIES`."""

    requests: int
    tokens: int
    prompt: int
    output: int

    @classmethod
    def of(cls, worst: Tokens) -> Amounts:
        """Return the amounts of one request that uses at most these tokens."""
        return cls(1, worst.prompt + worst.output, worst.prompt, worst.output)


class SentRequest(NamedTuple):
    """A request that was sent, with an estimate of the most it can use."""

    number: int
    """1 for the first request, and so on."""
    at: float
    amounts: Amounts
    before: Amounts = Amounts(0, 0, 0, 0)
    """Sum over all earlier requests."""


class SentRequests:
    """A log of sent requests, oldest first. Times in seconds, never decreasing."""

    def __init__(self) -> None:
        self._requests: list[SentRequest] = []
        self._times: list[float] = []
        self._total = Amounts(0, 0, 0, 0)

    def __len__(self) -> int:
        return len(self._requests)

    @property
    def last_number(self) -> int:
        """Number of the latest one; 0 if there is none."""
        return self._total.requests

    def time_of(self, latest: int) -> float:
        """Return when the `latest`-th request from the end was sent (1 is the last one)."""
        return self._times[-latest]

    def append(self, now: float, worst: Tokens) -> SentRequest:
        """Add a request sent now, and forget those older than `MEMORY`."""
        amounts, total = Amounts.of(worst), self._total
        request = SentRequest(total.requests + 1, now, amounts, total)
        self._total = Amounts(*[one + more for one, more in zip(total, amounts, strict=True)])
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

    def amount_since(self, moment: float, place: int, *, apart_from: SentRequest) -> int:
        """Return the most that a limit deducts for all requests sent after a moment but one.

        Args:
            place: of the limit's quantity in `QUANTITIES`.
        """
        position = bisect_right(self._times, moment)
        if position == len(self._times):
            return 0
        first = self._requests[position]
        amount = self._total[place] - first.before[place]
        return amount - apart_from.amounts[place] if first.number <= apart_from.number else amount
