"""An event loop in a thread of its own: what belongs to one loop is used from blocking code and from any other loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from prism_engine.errors import NotRunError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

T = TypeVar("T")

_CLOSED = "the call was not finished: its session was closed"


class LoopThread:
    """Runs coroutines; started by the first one. Callable from several threads and loops at once."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = False

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait, without an event loop of one's own (in a notebook too), for what a coroutine returns.

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
            future.cancel()  # where waiting for it was interrupted

    async def arun(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait in another event loop; cancelling the wait cancels the coroutine.

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
        """Cancel what is under way, do one thing more in the loop if there is one, and end the thread. Idempotent."""
        with self._starting:
            self._closed = True
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        try:
            asyncio.run_coroutine_threadsafe(_wind_up(last), loop).result()
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
                # A daemon: a session that nobody closes does not keep the program from ending.
                self._thread = threading.Thread(target=self._loop.run_forever, name="prism-session", daemon=True)
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)


async def _wind_up(last: Callable[[], Awaitable[None]] | None) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    if last is not None:
        await last()
    loop = asyncio.get_running_loop()
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()
