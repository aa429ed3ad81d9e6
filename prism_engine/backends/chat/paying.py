"""How a request is paid for: money is set aside before it is sent, and what became of it says how much was used."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from prism_engine.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prism_engine.backends.limits.limiter import Limiter
    from prism_engine.records import Call, Usage

_UNSURE = frozenset({408, 499})
"""Refusals that may come after the model has worked."""
_BUSY = frozenset({503, 529})
"""Errors of a server that took nothing on."""


class SupportsSettle(Protocol):
    """Money that is set aside for one request; one of the two is called exactly once."""

    def settle(self, usage: Usage | None) -> None:
        """Pay for what the reply says that it used; for the worst case where nobody knows."""

    def free(self) -> None:
        """Nothing was used."""


class SupportsReserve(Protocol):
    """Where the money of a model's requests comes from."""

    async def reserve(self, call: Call) -> SupportsSettle:
        """Wait until the worst case of one request can be paid, and set it aside. Safe to cancel.

        Raises:
            BudgetError: it can not.
        """


@dataclass
class Sending:
    """What is known of one request so far."""

    sent: bool = False
    status: int | None = None
    """HTTP status of the answer; None where none came."""
    usage: Usage | None = None

    @property
    def cost_nothing(self) -> bool:
        """Whether the provider certainly did no work: never sent, or refused."""
        if not self.sent:
            return True
        status = self.status
        return status is not None and ((300 <= status < 500 and status not in _UNSURE) or status in _BUSY)


@asynccontextmanager
async def paid(budget: SupportsReserve | None, call: Call, limiter: Limiter) -> AsyncIterator[Sending]:
    """Set money aside for one request, and settle it when the block ends, however it ends.

    Raises:
        BudgetError: the request must not be sent.
        NotRunError: the limiter was closed while it waited for money.
    """
    sending = Sending()
    if budget is None:
        yield sending
        return
    payment = await limiter.unless_closed(budget.reserve, call)
    try:
        yield sending
    except UnreachableError:
        sending.sent = False
        raise
    finally:
        if sending.cost_nothing:
            payment.free()
        else:
            payment.settle(sending.usage)
