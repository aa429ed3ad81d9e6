"""Reserves the cost of a request before it is sent, and settles it by the request's outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from prism_engine.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from prism_engine.backends.limits.limiter import Limiter
    from prism_engine.records import Call, Usage

_MAY_BE_BILLED = frozenset({408, 499})
"""Statuses below 500 that may be returned after the model has done work."""
_BUSY = frozenset({503, 529})
"""Statuses of a server that did not accept the request."""


class SupportsSettle(Protocol):
    """A reservation for one request; exactly one of the two methods is called, once."""

    def settle(self, usage: Usage | None) -> None:
        """Charge the usage that the reply reports; the worst case if it is unknown."""

    def free(self) -> None:
        """Release the reservation: nothing was used."""


class SupportsReserve(Protocol):
    """The budget that pays for a model's requests."""

    async def reserve(self, call: Call) -> SupportsSettle:
        """Wait until the worst case of one request fits the cost cap, and reserve it. Safe to cancel.

        Raises:
            BudgetError: what is left of the cap is not enough.
        """

    @property
    def why_waiting(self) -> str:
        """Why a request may have to wait for the budget, and how to change that; for displays."""


@dataclass
class Sending:
    """The state of one request, as far as it is known."""

    sent: bool = False
    status: int | None = None
    """HTTP status of the response; None if there was none."""
    refused: bool = False
    """Whether the response, with any status, says that the provider did not accept the request."""
    usage: Usage | None = None

    @property
    def cost_nothing(self) -> bool:
        """Whether the provider certainly did no work: the request was never sent, or was refused."""
        if not self.sent:
            return True
        status = self.status
        if status is None:
            return False
        if status < 300 and self.refused:
            return True
        return (300 <= status < 500 and status not in _MAY_BE_BILLED) or status in _BUSY


class Payment:
    """Reserves the cost of one request on entering, and settles or releases it on leaving, on every path.

    Args:
        waiting: holds the payment while it waits for its reservation, with the time since when (seconds).
        clock: gives these times.

    Raises:
        BudgetError: when entered: the request must not be sent.
        NotRunError: when entered: the limiter was closed while the request waited for the budget.
    """

    def __init__(
        self,
        budget: SupportsReserve | None,
        call: Call,
        limiter: Limiter,
        waiting: dict[Payment, float],
        clock: Callable[[], float],
    ) -> None:
        self._budget = budget
        self._call = call
        self._limiter = limiter
        self._waiting = waiting
        self._clock = clock
        self._sending = Sending()
        self._reservation: SupportsSettle | None = None

    async def __aenter__(self) -> Sending:
        if self._budget is not None:
            self._waiting[self] = self._clock()
            try:
                self._reservation = await self._limiter.unless_closed(self._budget.reserve, self._call)
            finally:
                del self._waiting[self]
        return self._sending

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reservation is None:
            return
        if self._sending.cost_nothing or isinstance(error, UnreachableError):
            self._reservation.free()
        else:
            self._reservation.settle(self._sending.usage)
