"""The contract that every model backend fulfils."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from prism_engine.backends.load import Load

if TYPE_CHECKING:
    from prism_engine.records import Call, Completion


class Backend(ABC):
    """A model that answers calls.

    Constructing one is cheap and touches neither the network nor a heavy import: the first `generate`
    starts what must be started (an engine, a server, a connection pool). One backend belongs to one event loop.
    """

    @property
    @abstractmethod
    def capacity(self) -> int:
        """Calls that are usefully in flight at once; the scheduler sizes its window by it.

        More may be submitted at any time; the backend makes them wait.
        """

    @property
    def load(self) -> Load:
        """What the next call waits for, and how much of each limit is in use, while the event loop runs."""
        return Load()

    @abstractmethod
    async def generate(self, call: Call) -> Completion:
        """Answer one call, waiting for limits and retrying as the backend sees fit.

        Safe to cancel at any await: no slot, lock or request is leaked.

        Returns:
            A completion whose outcome is ok, truncated, refused or empty.

        Raises:
            TransientError: it failed, and went on failing for as long as retries were allowed.
            RejectedError: this call can never succeed.
            DeadError: no call of this backend can succeed any more.
            NotRunError: `drain` was called before the request was sent.
            UserError: the backend cannot start here (a package or an option); as final as DeadError.
        """

    @abstractmethod
    def drain(self) -> None:
        """Send nothing more: calls that wait for their turn raise NotRunError, calls on the wire complete.

        Idempotent, immediate, callable from a signal handler of the event loop.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Stop whatever was started and wait until it is gone. Idempotent; fine on a backend never used."""
