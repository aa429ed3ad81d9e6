"""The rule that enforces the cost cap: grants, delays or refuses a request given what is spent and reserved."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

CRASH_SHARE = 40
"""At least 1/40 (2.5 %) of the cap is the allowance for crashes: the most they may lose, however many there are."""


@dataclass(frozen=True, slots=True)
class Balance:
    """The state of an experiment's ledger, in nano-dollars."""

    spent: int = 0
    """Costs settled by the replies' usage, or worst cases of requests whose outcome is unknown."""
    lost: int = 0
    """Worst cases of requests whose process died: they may have been billed, so they count in full."""
    reserved: int = 0
    """Worst cases of requests that living processes have sent and not settled."""
    unknown: int = 0
    """The part of `spent` that is worst cases, because no usage was reported."""

    @property
    def used(self) -> int:
        """Amount that can never be released: the most that was billed, apart from requests in flight."""
        return self.spent + self.lost

    @property
    def reported(self) -> int:
        """The least that was billed: the costs by what replies reported."""
        return self.spent - self.unknown


@dataclass(frozen=True, slots=True)
class Totals:
    """The most that an experiment can have cost so far, in nano-dollars."""

    balance: Balance
    by_stage: dict[str, int]
    """The same by stage; includes what is reserved or lost."""


class Decision(Enum):
    """The answer to a request for a reservation."""

    GRANTED = auto()
    WAIT = auto()
    """Not now; requests in flight may cost less than their worst case."""
    REFUSED = auto()
    """Never possible under this cap."""


def decide(balance: Balance, amount: int, cap: int | None, needed: int | None = None) -> Decision:
    """Decide about a request whose worst case is `amount`. Without a cap everything is granted.

    Grants keep `used + reserved <= cap`, so the cap holds whatever the requests in flight turn out to cost.

    Args:
        needed: see `max_reserved`.
    """
    if cap is None:
        return Decision.GRANTED
    if balance.used + amount > cap:
        return Decision.REFUSED
    if balance.reserved == 0:
        return Decision.GRANTED
    if balance.used + balance.reserved + amount > cap or balance.reserved + amount > max_reserved(balance, cap, needed):
        return Decision.WAIT
    return Decision.GRANTED


def max_reserved(balance: Balance, cap: int, needed: int | None = None) -> int:
    """Return how much may be reserved at once (a single request is exempt).

    A killed process loses its reservations. With an allowance A of which r is left, r * r / 2A may be reserved:
    half of the allowance at first, and less after each loss, so that no number of crashes uses up the allowance and
    the rest of the cap pays for answers. The allowance is a small share of the cap, or else all that the work left is
    not expected to need: where the cap is far away, losing that part takes no answer from anyone.

    Args:
        needed: upper estimate, in nano-dollars, of what the work left will cost; None if that is not known. Only
            efficiency depends on it: the cap holds whatever it is.
    """
    allowance = max(cap // CRASH_SHARE, 1)
    if needed is not None:
        allowance = max(allowance, cap - balance.spent - needed)
    left = max(allowance - balance.lost, 0)
    return left * left // (2 * allowance)
