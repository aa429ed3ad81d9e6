"""How a run, a judging or a grading ended."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from prism_engine.errors import BudgetError, DeadlineError, FailuresError

if TYPE_CHECKING:
    from prism_engine.engine.scheduler import Stop


class RunStatus(StrEnum):
    """How a run ended."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    """Every sample was processed, but some failed or had no description to answer from."""
    INTERRUPTED = "interrupted"
    """The user stopped it; rerun the same command to resume."""
    BUDGET = "budget"
    """The cost cap left too little for the next call; rerun the same command with a higher cap to resume."""
    DEADLINE = "deadline"
    """It reached its deadline; rerun the same command to resume."""
    FAILING = "failing"
    """More samples failed than allowed; rerun the same command to resume."""
    DIED = "died"
    """A backend or the cache failed for good; fix the cause and rerun the same command to resume."""
    NOT_BEGUN = "not begun"
    """Stopped together with its sibling runs before it produced anything; rerun the same command to start it."""


_BY_REASON: Final = {
    BudgetError: RunStatus.BUDGET,
    DeadlineError: RunStatus.DEADLINE,
    FailuresError: RunStatus.FAILING,
}
TROUBLED: Final = frozenset({*_BY_REASON.values(), RunStatus.DIED})
"""Ends that have an error to report."""


def stopped_status(stop: Stop) -> RunStatus:
    """Return how whatever a stop has ended is to be reported: by its reason, or as interrupted by the user."""
    if stop.reason is None:
        return RunStatus.INTERRUPTED
    return next((status for kind, status in _BY_REASON.items() if isinstance(stop.reason, kind)), RunStatus.DIED)
