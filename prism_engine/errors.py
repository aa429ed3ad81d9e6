"""All exceptions that prism raises, grouped by how the caller should react.

PrismError
├── UserError            the user must fix something; printed without a traceback, exit code 2
│   ├── ConfigError      a run file, an option, a registry entry, an environment variable
│   │   └── UntrustedCodeError  a checkpoint's own code would run, and the user has not agreed
│   ├── DatasetError     a benchmark file; names the file and, if known, the row and the column
│   ├── DependencyError  a package that this job needs cannot be imported
│   └── NewerFileError   a newer version of prism wrote a file, in a format that this one does not know
├── BudgetError          the next call might exceed the cost cap: not sent, the run stops, resumable; exit code 3
├── DeadlineError        the run's deadline has passed: it stops, resumable; exit code 3
├── FailuresError        more samples failed than the run tolerates: it stops, resumable; exit code 1
├── StoreError           the cache cannot be read or written (full disk, newer schema, not a cache); exit code 2
├── BackendError         a model returned no completion
│   ├── TransientError   the same call may succeed later: retried, possibly after a wait
│   │   ├── UnreachableError  no server responded at the address; the request was not sent
│   │   └── NoCompletionError  a successful response that is no completion (a web page, an event stream)
│   ├── RejectedError    this call will never succeed: its sample fails, the run continues
│   └── DeadError        no call of this model can succeed: the run stops, exit code 4
├── OutcomeError         a model was called but gave no usable text (Python and `prism ask`); exit code 1
└── NotRunError          the call was never sent (the run is stopping): nothing was spent, resumable

Exceptions of other libraries are translated into one of these where they first appear (a backend, a reader, the
store), and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class PrismError(Exception):
    """Base class of all exceptions that prism raises deliberately."""


class UserError(PrismError):
    """Something that the user must fix before the job can run."""


class ConfigError(UserError):
    """A run file, an option, a registry entry or an environment variable is wrong."""


class UntrustedCodeError(ConfigError):
    """A checkpoint's own Python code would run, and the user has not agreed to that; nothing was called.

    Args:
        checkpoint: its hub id or folder.
        revision: its commit, branch or tag; None if it is not known.
    """

    def __init__(self, reason: str, *, checkpoint: str, revision: str | None) -> None:
        super().__init__(reason)
        self.checkpoint = checkpoint
        self.revision = revision


class DatasetError(UserError):
    """A benchmark file is invalid; the message names the file and, if known, row and column.

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
        location = str(path)
        if row is not None:
            location += f", row {row}"
        if index is not None:
            location += f" (index {index})"
        if column is not None:
            location += f", column {column!r}"
        super().__init__(f"{location}: {reason}")
        self.path = path
        self.row = row
        self.index = index
        self.column = column


class DependencyError(UserError):
    """A package that this job needs cannot be imported; the message says how to install it."""


class NewerFileError(UserError):
    """A newer version of prism wrote a file, in a format that this one does not know.

    Args:
        schema: the file's version.
        known: the newest version that can be read.
        line: the line that states the version, from 1; None if it is that of the whole file.
    """

    def __init__(self, path: Path, schema: object, known: int, line: int | None = None) -> None:
        place = path if line is None else f"{path}, line {line}"
        super().__init__(
            f"{place}: schema {schema} of a newer version of prism; this one reads schemas 1 to {known}: update prism"
        )


class BudgetError(PrismError):
    """The next call might exceed the experiment's cost cap, so it was not sent; rerun with a larger cap to continue."""


class DeadlineError(PrismError):
    """The run's deadline has passed; rerun the same command to continue."""


class FailuresError(PrismError):
    """More samples failed than the run tolerates; rerun the same command to continue."""


class StoreError(PrismError):
    """The cache cannot be read or written."""


class BackendError(PrismError):
    """A model returned no completion."""


class TransientError(BackendError):
    """The same call may succeed later.

    Args:
        retry_after: seconds that the server asked to wait, or None if it named no time.
        rate_limited: the request exceeded a rate limit (HTTP 429); not a failure of the server.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None, rate_limited: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.rate_limited = rate_limited


class UnreachableError(TransientError):
    """No server responded at the address; the request was not sent."""


class TimedOutError(TransientError):
    """The response did not arrive in time."""


class NoCompletionError(TransientError):
    """The server responded with success, but not with a completion: a web page, an event stream, another API."""


class RejectedError(BackendError):
    """This call will never succeed (too long, malformed, refused by policy); others may."""


class DeadError(BackendError):
    """No call of this model can succeed any more (API key refused, engine dead, unknown model)."""


class OutcomeError(PrismError):
    """A model was called, and its reply contains no usable text.

    Args:
        outcome: outcome of the call, one of `records.Outcome`: refused, empty, truncated (cut before its first word),
            or error.
    """

    def __init__(self, reason: str, *, outcome: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


class NotRunError(PrismError):
    """The call was never sent, because the run is stopping."""
