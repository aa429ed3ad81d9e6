"""Slow start of a paid model under a cap: one request whose usage is known first, then a few per known reply."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prism_engine.budget.books import Account, Books

GROWTH = 8
"""Requests that may be in flight per reply with a usage."""
KNOWN = 24
"""Replies with a usage until which a model may still turn out to be expensive now and then. Of a kind of reply that is
one in ten, 24 replies show at least one with a probability of 92 %."""
EXCESS = 20
"""Until then, what is in flight must fit what is left of the cap even if it costs this many times its worst case."""
SILENT_PER_REQUEST = 2
"""Replies without a usage per request that may be in flight: such a provider is trusted more slowly."""


class Trials:
    """This process's requests in flight by account, and how many of them what is known about their cost allows.

    A provider may bill more than a request's worst case, for example for reasoning that the output limit does not
    bound. That shows in the first reply, so only one request is in flight until there is one: a cap is exceeded by at
    most that request's excess. Later replies may be more expensive than the first, hence the slow start.
    """

    def __init__(self) -> None:
        self._in_flight: Counter[Account] = Counter()
        self._silent: Counter[Account] = Counter()

    def record_granted(self, account: Account) -> None:
        """Record a request that may be sent."""
        self._in_flight[account] += 1

    def record_end(self, account: Account, *, silent: bool) -> None:
        """Record the end of a request.

        Args:
            silent: whether there was a reply without a usage.
        """
        self._in_flight[account] -= 1
        self._silent[account] += silent

    def hold(self, account: Account, books: Books, fitting: int) -> bool:
        """Whether a request has to wait until more is known about what its account's requests cost.

        Args:
            fitting: number of such requests, at their worst case, that what is left of the cap would pay for.
        """
        in_flight, replies = self._in_flight[account], books.replies(account)
        allowed = GROWTH * replies + self._silent[account] // SILENT_PER_REQUEST
        if replies < KNOWN:
            allowed = min(allowed, fitting // EXCESS)
        if allowed > 1:
            return in_flight >= allowed
        return in_flight > 0 or (books.is_new(account) and books.is_open(account))
