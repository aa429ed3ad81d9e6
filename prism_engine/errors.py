"""Everything that prism raises, sorted by what the caller must do about it.

PrismError
├── UserError            the user must mend something; printed without a traceback, exit code 2
│   ├── ConfigError      a run file, an option, a registry entry, an environment variable
│   ├── DatasetError     a benchmark file; names the file and, where it can, the row and the column
│   └── DependencyError  a package that this job needs does not import here
├── BudgetError          the next call might pass the cost cap and was not sent: the run stops, resumable; exit code 3
├── DeadlineError        the time given to the run is up: it stops, resumable; exit code 3
├── FailuresError        more samples failed than the run may go on with: it stops, resumable; exit code 1
├── StoreError           the cache cannot be read or written (full disk, newer schema, not a cache); exit code 2
├── BackendError         a model did not give a completion
│   ├── TransientError   the same call may succeed later: retried, perhaps after a wait
│   │   └── UnreachableError  nothing answered at the address; the request was not sent
│   ├── RejectedError    this call will never succeed: its sample fails, the run goes on
│   └── DeadError        no call of this model can succeed: the run stops, exit code 4
├── OutcomeError         a model was asked, and there is no text to go on with (Python and `prism ask`); exit code 1
└── NotRunError          the call was never sent (the run is stopping): nothing was spent, resumable

A foreign exception is translated into one of these at the edge where it appears (a backend, a reader,
the store) and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class PrismError(Exception):
    """Base of everything that prism raises on purpose."""


class UserError(PrismError):
    """Something that the user must mend before the job can run."""


class ConfigError(UserError):
    """A run file, an option, a registry entry or an environment variable is wrong."""


class DatasetError(UserError):
    """A benchmark file is wrong; the message names the file and, where known, row and column.

    Args:
        row: 1-based number of the data row (the header is not counted), or None.
    """

    def __init__(
        self,
        reason: str,
        *,
        path: Path,
        row: int | None = None,
        index: str | None = None,
        column: str | None = None,
    ) -> None:
        place = str(path)
        if row is not None:
            place += f", row {row}"
        if index is not None:
            place += f" (index {index})"
        if column is not None:
            place += f", column {column!r}"
        super().__init__(f"{place}: {reason}")
        self.path = path
        self.row = row
        self.index = index
        self.column = column


class DependencyError(UserError):
    """A package that this job needs does not import here; the message says how to install it."""


class BudgetError(PrismError):
    """The next call might pass the cap on what the experiment may cost, so it was not sent; a larger cap goes on."""


class DeadlineError(PrismError):
    """The time that was given to the run is up; the same command goes on."""


class FailuresError(PrismError):
    """More samples failed than the run may go on with; the same command goes on."""


class StoreError(PrismError):
    """The cache cannot be read or written."""


class BackendError(PrismError):
    """A model did not give a completion."""


class TransientError(BackendError):
    """The same call may succeed later.

    Args:
        retry_after: seconds that the server asked to wait, or None where it said nothing.
        rate_limited: the server refused for its rate limit (HTTP 429), not for trouble of its own.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None, rate_limited: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.rate_limited = rate_limited


class UnreachableError(TransientError):
    """Nothing answered at the address; the request was not sent."""


class RejectedError(BackendError):
    """This call will never succeed (too long, malformed, refused by policy); others may."""


class DeadError(BackendError):
    """No call of this model can succeed any more (key refused, engine dead, unknown model)."""


class OutcomeError(PrismError):
    """A model was asked, and its reply holds no text to go on with.

    Args:
        outcome: how its call ended, one of `records.Outcome`: refused, empty, truncated (cut before its first word), or
            error.
    """

    def __init__(self, reason: str, *, outcome: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


class NotRunError(PrismError):
    """The call was never sent, because the run is stopping."""
