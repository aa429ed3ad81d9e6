"""An event loop in its own thread, usable from blocking code and from any other event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from prism_engine.errors import NotRunError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable

T = TypeVar("T")

_CLOSED = "the call did not finish: its session was closed"


class LoopThread:
    """Runs coroutines in one loop, started by the first of them. Safe to call from multiple threads and loops."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = False
        self._submitted: set[asyncio.Task[Any]] = set()
        """Tasks of `run` and `arun`. Tasks that backends started for themselves are not among them."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and block until it returns; works inside a running event loop too (as in a notebook).

        Raises:
            NotRunError: `close` was called.
            KeyboardInterrupt: Ctrl-C; the coroutine is cancelled.
        """
        future = self._submit(coroutine)
        try:
            return future.result()
        except concurrent.futures.CancelledError as error:
            raise NotRunError(_CLOSED) from error
        finally:
            future.cancel()  # if the wait was interrupted

    async def arun(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and await it from another event loop; cancelling the wait cancels the coroutine.

        Raises:
            NotRunError: `close` was called.
        """
        future = self._submit(coroutine)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise NotRunError(_CLOSED) from error

    def close(self, last: Callable[[], Awaitable[None]] | None = None) -> None:
        """Cancel running coroutines, await `last` in the loop (if one was started), end the thread. Idempotent.

        Tasks that backends started for themselves (a running engine, say) are left to `last`, which awaits them: if
        they were cancelled before, their cancellation would come out here and hide the error that ended the caller's
        block.
        """
        with self._starting:
            self._closed = True
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        try:
            asyncio.run_coroutine_threadsafe(self._wind_up(last), loop).result()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        with self._starting:
            if self._closed:
                coroutine.close()
                raise NotRunError("the call was not sent: its session is closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # A daemon, so that a session left open does not keep the program from exiting.
                self._thread = threading.Thread(target=self._loop.run_forever, name="prism-session", daemon=True)
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(self._tracked(coroutine), self._loop)

    async def _tracked(self, coroutine: Coroutine[Any, Any, T]) -> T:
        task = asyncio.current_task()
        assert task is not None
        self._submitted.add(task)
        try:
            return await coroutine
        finally:
            self._submitted.discard(task)

    async def _wind_up(self, last: Callable[[], Awaitable[None]] | None) -> None:
        await _cancelled(self._submitted)
        try:
            if last is not None:
                await last()
        finally:
            await _cancelled(asyncio.all_tasks() - {asyncio.current_task()})
            loop = asyncio.get_running_loop()
            await loop.shutdown_asyncgens()
            await loop.shutdown_default_executor()


async def _cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
