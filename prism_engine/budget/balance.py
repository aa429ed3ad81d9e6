"""May a request be sent? The one decision that keeps the cap, as a function of what is spent and what is under way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

CRASH_SHARE = 40
"""One part in so many of the cap (2.5 %) may be lost to crashes, however many there are."""


@dataclass(frozen=True, slots=True)
class Balance:
    """The state of an experiment's ledger, in nano-dollars."""

    spent: int = 0
    """Settled by what the replies said, or in full where an outcome is unknown."""
    lost: int = 0
    """Worst cases of requests whose process died: they may have been billed, so they count in full."""
    under_way: int = 0
    """Worst cases of requests that living processes have sent and not settled."""

    @property
    def gone(self) -> int:
        """What nothing brings back."""
        return self.spent + self.lost


@dataclass(frozen=True, slots=True)
class Totals:
    """What an experiment has cost at most up to now, in nano-dollars."""

    funds: Balance
    by_stage: dict[str, int]
    """By what the calls were for; what is under way or lost included."""


class Decision(Enum):
    """What becomes of a request that asks for money."""

    GRANTED = auto()
    WAIT = auto()
    """Not now; what is under way may come out cheaper than its worst case."""
    REFUSED = auto()
    """Never under this cap."""


def judge(funds: Balance, amount: int, cap: int | None) -> Decision:
    """Decide about a request whose worst case is `amount`. No cap grants everything.

    What is granted keeps `gone + under_way <= cap`, so the cap holds however the requests under way end.
    """
    if cap is None:
        return Decision.GRANTED
    if funds.gone + amount > cap:
        return Decision.REFUSED
    if funds.under_way == 0:
        return Decision.GRANTED
    if funds.gone + funds.under_way + amount > cap or funds.under_way + amount > most_under_way(funds, cap):
        return Decision.WAIT
    return Decision.GRANTED


def most_under_way(funds: Balance, cap: int) -> int:
    """Return how much may be under way at once (a single request may always be).

    A killed process loses what it had under way. With an allowance A of which r is left, r * r / 2A may be at risk:
    half of it at first, and ever less with each loss, so that no number of crashes uses the allowance up, and the rest
    of the cap buys answers.
    """
    allowance = max(cap // CRASH_SHARE, 1)
    left = max(allowance - funds.lost, 0)
    return left * left // (2 * allowance)
