"""The interface of all model backends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from prism_engine.backends.load import Load

if TYPE_CHECKING:
    from prism_engine.config import Limits
    from prism_engine.records import Call, Completion


class Backend(ABC):
    """A model that answers calls.

    Construction is cheap: no network access and no heavy imports. The first `generate` starts the engine, server or
    connection pool. A backend belongs to one event loop.
    """

    @property
    @abstractmethod
    def capacity(self) -> int:
        """Useful number of calls in flight; the scheduler sizes its window by it.

        More calls may be submitted at any time; the backend makes them wait.
        """

    @property
    def load(self) -> Load:
        """What the next call is waiting for, and how much of each limit is in use, while the event loop runs."""
        return Load()

    @abstractmethod
    async def generate(self, call: Call) -> Completion:
        """Answer one call, waiting for limits and retrying as the backend sees fit.

        Safe to cancel at any await: no slot, lock or request leaks.

        Returns:
            A completion with the outcome ok, truncated, refused or empty.

        Raises:
            TransientError: the call failed, and all allowed retries failed, too.
            RejectedError: this call can never succeed.
            DeadError: no call of this backend can succeed any more.
            NotRunError: `drain` was called before the request was sent.
            UserError: the backend cannot start here (a missing package, a wrong option); as final as DeadError.
        """

    def remember(self, call: Call) -> None:  # noqa: B027 - most backends need not know
        """Take note that the model has answered this call before, because its completion came from the cache."""

    @property
    def limits(self) -> Limits | None:
        """The rate limits in force; None if the model has none to change."""
        return None

    def change_limits(self, limits: Limits) -> None:  # noqa: B027 - most backends have none
        """Keep other rate limits from now on; calls in flight are not affected."""

    def hold(self, *, on: bool) -> None:  # noqa: B027 - most backends queue no calls of their own
        """Send none of the calls that wait here (on), or send them again (off); calls in flight are not affected."""

    @abstractmethod
    def drain(self) -> None:
        """Send nothing more: calls still waiting to be sent raise NotRunError, calls in flight complete.

        Idempotent, does not block, and may be called from a signal handler of the event loop.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Stop everything that was started, and wait until it has ended. Idempotent; allowed on an unused backend."""
