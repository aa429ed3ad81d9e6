"""Whose engine may be up: engines that share a GPU take turns, and each is up once."""

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
    """An engine and how many runs still need it."""

    close: Callable[[], Awaitable[None]]
    users: int = 0
    up: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
    """The engines of several runs, in the order in which they were named first.

    Nothing is started here: an engine whose turn has come starts with its first call. It is closed when the last run
    that needs it has ended its turn, and only when it is gone does the next one's turn come.

    Args:
        at_once: engines that may be up together.
    """

    def __init__(self, at_once: int = 1) -> None:
        self._left = at_once
        self._engines: dict[Hashable, _Engine] = {}
        self._waiting: list[_Engine] = []
        self._closing: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<Turns {len(self._engines)} engines, {len(self._waiting)} of them waiting>"

    def enlist(self, engine: Hashable, close: Callable[[], Awaitable[None]]) -> Turn:
        """Return a run's claim on an engine; all runs enlist before the first one begins.

        Args:
            engine: what tells it from others.
            close: ends it, and returns when it is gone.
        """
        if engine not in self._engines:
            self._engines[engine] = _Engine(close)
            self._waiting.append(self._engines[engine])
            self._admit()
        self._engines[engine].users += 1
        return Turn(self, self._engines[engine])

    def makes_room(self, engine: _Engine) -> bool:
        """Say whether another engine waits for the place of this one."""
        return any(other is not engine for other in self._waiting)

    def leave(self, engine: _Engine) -> None:
        """Take note that one run fewer needs an engine."""
        engine.users -= 1
        if engine.users:
            return
        if not engine.up.is_set():  # nobody has called it
            self._waiting.remove(engine)
        elif self._waiting:  # else it may as well stay until the end
            task = asyncio.create_task(self._hand_on(engine), name="turn")
            self._closing.add(task)

    async def settle(self) -> None:
        """Wait until no engine is being closed any more; raise what went wrong with that."""
        await asyncio.gather(*self._closing)

    async def _hand_on(self, engine: _Engine) -> None:
        try:
            await engine.close()
        finally:
            self._left += 1
            self._admit()

    def _admit(self) -> None:
        while self._left and self._waiting:
            self._left -= 1
            self._waiting.pop(0).up.set()


class Turn:
    """One run's claim on an engine."""

    def __init__(self, turns: Turns, engine: _Engine) -> None:
        self._turns = turns
        self._engine = engine
        self.ended = False

    async def begin(self) -> None:
        """Wait until the engine may be up."""
        await self._engine.up.wait()

    @property
    def makes_room(self) -> bool:
        """Whether another engine waits for this one to be done."""
        return self._turns.makes_room(self._engine)

    def end(self) -> None:
        """Say that this run calls the engine no more. Idempotent."""
        if not self.ended:
            self.ended = True
            self._turns.leave(self._engine)


@dataclass(frozen=True)
class EngineUse:
    """An engine that takes turns, as one run uses it."""

    model: CachedModel
    identity: ModelIdentity
    turn: Turn
