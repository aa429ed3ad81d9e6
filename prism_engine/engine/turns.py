"""Turn-taking of engines that share a GPU; each engine is started at most once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from prism_engine.records import ModelIdentity
    from prism_engine.stages.cached import CachedModel


@dataclass
class _Engine:
    """An engine, and the number of runs that still need it."""

    close: Callable[[], Awaitable[None]]
    users: int = 0
    up: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
    """The engines of multiple runs, in order of their first mention.

    Nothing is started here: an engine whose turn has come starts with its first call. It is closed when the last run
    that needs it has ended its turn; the next engine's turn comes only after it is closed.

    Args:
        at_once: the number of engines that may run at the same time.
    """

    def __init__(self, at_once: int = 1) -> None:
        self._free_slots = at_once
        self._engines: dict[Hashable, _Engine] = {}
        self._waiting: list[_Engine] = []
        self._closing: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Turns {len(self._engines)} engines, {len(self._waiting)} of them waiting>"

    def enlist(self, engine: Hashable, close: Callable[[], Awaitable[None]]) -> Turn:
        """Return a run's turn on an engine; all runs enlist before the first one begins.

        Args:
            engine: a key that identifies the engine.
            close: shuts the engine down, and returns once that is done.
        """
        if engine not in self._engines:
            self._engines[engine] = _Engine(close)
            self._waiting.append(self._engines[engine])
            self._admit()
        self._engines[engine].users += 1
        return Turn(self, self._engines[engine])

    def makes_room(self, engine: _Engine) -> bool:
        """Return whether another engine is waiting for the slot of this one."""
        return any(other is not engine for other in self._waiting)

    def leave(self, engine: _Engine) -> None:
        """Record that one run no longer needs an engine."""
        engine.users -= 1
        if engine.users:
            return
        if not engine.up.is_set():  # its turn never came
            self._waiting.remove(engine)
        elif self._waiting:  # otherwise it may stay until the end
            task = asyncio.create_task(self._close_and_admit(engine), name="turn")
            self._closing.add(task)

    async def settle(self) -> None:
        """Wait until no engine is being closed any more; raise the first error from closing one."""
        await asyncio.gather(*self._closing)

    async def _close_and_admit(self, engine: _Engine) -> None:
        try:
            await engine.close()
        finally:
            self._free_slots += 1
            self._admit()

    def _admit(self) -> None:
        while self._free_slots and self._waiting:
            self._free_slots -= 1
            self._waiting.pop(0).up.set()


class Turn:
    """One run's turn on an engine."""

    def __init__(self, turns: Turns, engine: _Engine) -> None:
        self._turns = turns
        self._engine = engine
        self.ended = False

    async def begin(self) -> None:
        """Wait until the engine may run."""
        await self._engine.up.wait()

    @property
    def makes_room(self) -> bool:
        """Whether another engine is waiting for this one to finish."""
        return self._turns.makes_room(self._engine)

    def end(self) -> None:
        """Declare that this run no longer calls the engine. Idempotent."""
        if not self.ended:
            self.ended = True
            self._turns.leave(self._engine)


@dataclass(frozen=True)
class EngineUse:
    """One run's use of an engine that takes turns."""

    model: CachedModel
    identity: ModelIdentity
    turn: Turn
