"""A backend that is started anew when it dies in the middle of its work, so many times at most."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from prism_engine.backends.base import Backend
from prism_engine.errors import BackendError, DeadError, NotRunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.backends.load import Load
    from prism_engine.records import Call, Completion

RESTARTS = 3
"""An engine that dies more often than this has a reason that another start does not mend."""

_log = logging.getLogger(__name__)


class Restarting(Backend):
    """Answers by a backend of its own, and by the next one where that dies: of calls in flight none is lost.

    One that dies before its first answer is not replaced: the next one would come to the same end.

    Args:
        build: makes a backend, cheaply; see `Backend`.
    """

    def __init__(self, build: Callable[[], Backend], *, restarts: int = RESTARTS) -> None:
        self._build = build
        self._backend = build()
        self._left = restarts
        self._answered = False
        self._draining = False
        self._renewing: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Restarting {self._backend!r}, {self._left} restarts left>"

    @property
    def capacity(self) -> int:  # noqa: D102 - the contract says it
        return self._backend.capacity

    @property
    def load(self) -> Load:  # noqa: D102 - the contract says it
        return self._backend.load

    async def generate(self, call: Call) -> Completion:  # noqa: D102
        while True:
            backend = self._backend
            try:
                completion = await backend.generate(call)
            except DeadError as error:
                if not await self._renewed(backend, error):
                    raise
            except NotRunError:
                # Of a backend that is being replaced: it was closed before it had told this call that it is dead.
                if self._draining or (self._backend is backend and self._renewing is None):
                    raise
                await self._renewed(backend, None)
            else:
                self._answered = True
                return completion

    def drain(self) -> None:  # noqa: D102
        self._draining = True
        self._backend.drain()

    async def aclose(self) -> None:  # noqa: D102
        self.drain()
        if self._renewing is not None:
            await asyncio.wait([self._renewing])
        await self._backend.aclose()

    async def _renewed(self, dead: Backend, error: DeadError | None) -> bool:
        """Have another backend in place of a dead one; say whether there is one."""
        if self._backend is dead and self._renewing is None:
            if self._draining or not self._answered or not self._left:
                return False
            self._left -= 1
            _log.warning("%s; it is started again (%d more times at most)", error, self._left)
            self._renewing = asyncio.create_task(self._renew(dead), name="restart")
        if self._renewing is not None:
            await asyncio.shield(self._renewing)  # one caller's cancellation is not the others'
        return self._backend is not dead

    async def _renew(self, dead: Backend) -> None:
        self._answered = False
        try:
            await dead.aclose()
        except BackendError as error:
            _log.info("closing what had died: %s", error)
        self._backend = self._build()
        if self._draining:
            self._backend.drain()
        self._renewing = None
