"""Exit codes: what each one means, and the one of an error."""

from __future__ import annotations

from prism_engine.errors import BackendError, BudgetError, DeadlineError, FailuresError, OutcomeError

EXIT_CODES = (
    "Exit codes: 0 complete; 1 samples failed; 2 wrong usage, configuration or input; 3 the cost cap (raise --max-cost "
    "to continue) or the deadline was reached; 4 a model or its endpoint failed; 130 interrupted. The same command "
    "continues."
)


def error_code(error: Exception | None) -> int:
    """Return the exit code of what stopped a command.

    3 for a cost cap or a deadline that was reached, 1 for too many failures or a reply without text, 4 for a model that
    failed for good, 2 for what the user must fix.
    """
    if isinstance(error, (BudgetError, DeadlineError)):
        return 3
    if isinstance(error, (FailuresError, OutcomeError)):
        return 1
    return 4 if isinstance(error, BackendError) else 2
