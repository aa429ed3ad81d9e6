"""Restarts a backend that dies mid-run, up to a limit."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from prism_engine.backends.base import Backend
from prism_engine.errors import BackendError, DeadError, NotRunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.backends.load import Load
    from prism_engine.config import Limits
    from prism_engine.records import Call, Completion

RESTARTS = 3
"""Maximum number of restarts: an engine that dies more often has a problem that a restart does not fix."""

_log = logging.getLogger(__name__)


class Restarting(Backend):
    """Wraps a backend and replaces it by a new one when it dies; calls in flight are sent again.

    A backend that dies before its first answer is not replaced, because the next one would die, too.

    Args:
        build: creates a backend; cheap, see `Backend`.
    """

    def __init__(self, build: Callable[[], Backend], *, restarts: int = RESTARTS) -> None:
        self._build = build
        self._backend = build()
        self._left = restarts
        self._answered = False
        self._draining = False
        self._held = False
        self._restart: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Restarting {self._backend!r}, {self._left} restarts left>"

    @property
    def capacity(self) -> int:  # noqa: D102 - see Backend
        return self._backend.capacity

    @property
    def load(self) -> Load:  # noqa: D102 - see Backend
        return self._backend.load

    async def generate(self, call: Call) -> Completion:  # noqa: D102
        while True:
            backend = self._backend
            try:
                completion = await backend.generate(call)
            except DeadError as error:
                if not await self._replace_dead(backend, error):
                    raise
            except NotRunError:
                # Raised by a backend that is being replaced: it was closed before this call got its DeadError.
                if self._draining or (self._backend is backend and self._restart is None):
                    raise
                await self._replace_dead(backend, None)
            else:
                self._answered = True
                return completion

    def remember(self, call: Call) -> None:  # noqa: D102
        self._backend.remember(call)

    @property
    def limits(self) -> Limits | None:  # noqa: D102
        return self._backend.limits

    def change_limits(self, limits: Limits) -> None:  # noqa: D102
        self._backend.change_limits(limits)

    def hold(self, *, on: bool) -> None:  # noqa: D102
        self._held = on
        self._backend.hold(on=on)

    def drain(self) -> None:  # noqa: D102
        self._draining = True
        self._backend.drain()

    async def aclose(self) -> None:  # noqa: D102
        self.drain()
        if self._restart is not None:
            await asyncio.wait([self._restart])
        await self._backend.aclose()

    async def _replace_dead(self, dead: Backend, error: DeadError | None) -> bool:
        """Replace a dead backend by a new one; return whether there is one."""
        if self._backend is dead and self._restart is None:
            if self._draining or not self._answered or not self._left:
                return False
            self._left -= 1
            _log.warning("%s; restarting it (%d restarts left)", error, self._left)
            self._restart = asyncio.create_task(self._replace(dead), name="restart")
        if self._restart is not None:
            await asyncio.shield(self._restart)  # one caller's cancellation must not affect the others
        return self._backend is not dead

    async def _replace(self, dead: Backend) -> None:
        self._answered = False
        try:
            await dead.aclose()
        except BackendError as error:
            _log.info("error while closing the dead backend: %s", error)
        self._backend = self._build()
        if dead.limits is not None:
            self._backend.change_limits(dead.limits)
        self._backend.hold(on=self._held)
        if self._draining:
            self._backend.drain()
        self._restart = None
