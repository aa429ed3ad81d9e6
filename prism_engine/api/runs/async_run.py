"""`arun`: runs from a program that has an event loop of its own, in a thread beside it."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from prism_engine.api.runs.execution import run, run_many

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from prism_engine.api.runs.execution import ProgressDisplay, RunReport
    from prism_engine.config import Registry, RunConfig

T = TypeVar("T")


async def arun(config: RunConfig, registry: Registry, *, watch: ProgressDisplay | None = None) -> RunReport:
    """Do `run` while the caller's event loop goes on.

    Cancelling it is a second Ctrl-C: finished calls are in the cache, and no results are written. Signals are the
    caller's own; a deadline, a cost cap and a bound on failures drain as ever.

    Args:
        watch: shows progress, in the run's own thread and loop.

    Raises:
        UserError, StoreError: as `run`.
    """
    return await _beside(lambda seen: run(config, registry, watch=seen), watch)


async def arun_many(
    configs: Sequence[RunConfig], registry: Registry, *, watch: ProgressDisplay | None = None
) -> list[RunReport]:
    """Do `run_many` while the caller's event loop goes on; as `arun`."""
    return await _beside(lambda seen: run_many(configs, registry, watch=seen), watch)


class _Canceller:
    """Reaches into the run's own event loop, once it has one."""

    def __init__(self, watch: ProgressDisplay | None) -> None:
        self._watch = watch
        self._cancelled = False
        self._task: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __call__(self, progress: Any, /) -> AbstractAsyncContextManager[None]:
        """Be the run's `watch`, which is called in its loop."""
        return self._watching(progress)

    def cancel(self) -> None:
        self._cancelled = True
        if self._loop is not None and self._task is not None:
            with suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(self._task.cancel)

    @asynccontextmanager
    async def _watching(self, progress: Any) -> AsyncIterator[None]:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self._cancelled:
            raise asyncio.CancelledError
        async with self._watch(progress) if self._watch is not None else nullcontext():
            yield


async def _beside(run_it: Callable[[ProgressDisplay], T], watch: ProgressDisplay | None) -> T:
    canceller = _Canceller(watch)
    thread = asyncio.ensure_future(asyncio.to_thread(_caught, run_it, canceller))
    try:
        result = await asyncio.shield(thread)
    except asyncio.CancelledError:
        canceller.cancel()
        await asyncio.wait([thread])
        raise
    if isinstance(result, BaseException):
        raise result
    return result


def _caught(run_it: Callable[[ProgressDisplay], T], watch: ProgressDisplay) -> T | BaseException:
    """Return what it raises too: a KeyboardInterrupt in a thread's future would end the caller's loop."""
    try:
        return run_it(watch)
    except BaseException as error:  # noqa: BLE001 - raised again by who waits for it
        return error
