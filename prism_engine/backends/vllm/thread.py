"""The thread in which vLLM's engine runs; it never keeps the process from exiting."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class EngineThread:
    """Runs functions one after the other in one daemon thread, which never keeps the process from exiting."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self.on_end: Callable[[], object] = lambda: None
        """Called by `end` to make a function return that would run forever; from any thread, possibly repeatedly."""

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function in the thread; return or raise its result. Cancelling does not stop the function."""
        if self._thread is None:
            # Not an executor: Python would wait for its thread at exit, which may take minutes after a second Ctrl-C.
            self._thread = threading.Thread(target=self._work, name="prism-vllm", daemon=True)
            self._thread.start()
            atexit.register(self.end)  # runs before multiprocessing waits for the engine, which ends with it
        future: Future[T] = Future()
        self._calls.put((future, partial(function, *arguments)))
        return await asyncio.wrap_future(future)

    def end(self) -> None:
        """End the thread after its current function, without waiting for it. Idempotent."""
        atexit.unregister(self.end)
        self._calls.put(None)
        self.on_end()

    def _work(self) -> None:
        while call := self._calls.get():
            _run_and_report(*call)
            del call  # drops the engine, too, if that was the result


def _run_and_report(future: Future[T], call: Callable[[], T]) -> None:
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - passed to the awaiting caller, as executors do
            future.set_exception(error)


class Mailbox(Generic[T]):
    """Passes items to a function in another thread's event loop; a burst of items costs only one wake-up."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Callable[[T], object]) -> None:
        self._loop = loop
        self._receive = receive
        self._items: deque[T] = deque()
        self._scheduled = False

    def put(self, item: T) -> None:
        """Pass an item on; callable from any thread. Items are lost once the loop is closed."""
        self._items.append(item)
        if not self._scheduled:
            self._scheduled = True
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False  # first, because items put from here on may miss the loop below
        while self._items:
            self._receive(self._items.popleft())
