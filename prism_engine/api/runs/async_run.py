"""`arun` and `arun_many`: runs in a separate thread, awaited from a program's own event loop."""

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
    """Like `run`, without blocking the caller's event loop.

    Cancelling it acts like a second Ctrl-C: finished calls are in the cache and no results are written. Signals are
    left to the caller; a deadline, a cost cap or a limit on failures drains the run as usual.

    Args:
        watch: shows progress, in the run's own thread and loop.

    Raises:
        UserError, StoreError: as `run`.
    """
    return await run_in_thread(lambda display: run(config, registry, watch=display), watch)


async def arun_many(
    configs: Sequence[RunConfig], registry: Registry, *, watch: ProgressDisplay | None = None
) -> list[RunReport]:
    """Like `run_many`, without blocking the caller's event loop; see `arun`."""
    return await run_in_thread(lambda display: run_many(configs, registry, watch=display), watch)


class _Canceller:
    """Cancels the run's task in its own event loop, once both exist."""

    def __init__(self, watch: ProgressDisplay | None) -> None:
        self._watch = watch
        self._cancelled = False
        self._task: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __call__(self, progress: Any, /) -> AbstractAsyncContextManager[None]:
        """Act as the run's `watch`, which is called in the run's loop."""
        return self._watching(progress)

    def cancel(self) -> None:
        self._cancelled = True
        if self._loop is not None and self._task is not None:
            with suppress(RuntimeError):  # the loop has just closed
                self._loop.call_soon_threadsafe(self._task.cancel)

    @asynccontextmanager
    async def _watching(self, progress: Any) -> AsyncIterator[None]:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self._cancelled:
            raise asyncio.CancelledError
        async with self._watch(progress) if self._watch is not None else nullcontext():
            yield


async def run_in_thread(run_it: Callable[[ProgressDisplay], T], watch: ProgressDisplay | None) -> T:
    """Call a blocking function of this package in a thread, with the display to pass on; see `arun` for cancelling."""
    canceller = _Canceller(watch)
    thread = asyncio.ensure_future(asyncio.to_thread(_result_or_error, run_it, canceller))
    try:
        result = await asyncio.shield(thread)
    except asyncio.CancelledError:
        canceller.cancel()
        await asyncio.wait([thread])
        raise
    if isinstance(result, BaseException):
        raise result
    return result


def _result_or_error(run_it: Callable[[ProgressDisplay], T], watch: ProgressDisplay) -> T | BaseException:
    """Return exceptions instead of raising: a KeyboardInterrupt in a thread's future would end the caller's loop."""
    try:
        return run_it(watch)
    except BaseException as error:  # noqa: BLE001 - raised again by the awaiting caller
        return error
