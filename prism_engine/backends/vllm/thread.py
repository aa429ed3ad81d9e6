"""The thread that vLLM's engine lives in: as long as the engine, but never longer than the program wants."""

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
    """Makes one call after another in one thread, which never keeps the process from ending."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self.on_end: Callable[[], object] = lambda: None
        """Called by `end`, so that a call which would go on for ever returns; any thread, possibly more than once."""

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function there; what it returns or raises comes back. Cancelling does not stop the function."""
        if self._thread is None:
            # Not an executor's: Python would wait for it at the exit, a start of minutes after a second Ctrl-C.
            self._thread = threading.Thread(target=self._work, name="prism-vllm", daemon=True)
            self._thread.start()
            atexit.register(self.end)  # before multiprocessing waits for the engine, which ends with this thread
        future: Future[T] = Future()
        self._calls.put((future, partial(function, *arguments)))
        return await asyncio.wrap_future(future)

    def end(self) -> None:
        """End the thread after the call that it is at, without waiting for it. Idempotent."""
        atexit.unregister(self.end)
        self._calls.put(None)
        self.on_end()

    def _work(self) -> None:
        while call := self._calls.get():
            _answer(*call)
            del call  # and with it the engine, if that was the result


def _answer(future: Future[T], call: Callable[[], T]) -> None:
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - handed to who awaits it, whatever it is, as executors do
            future.set_exception(error)


class Mailbox(Generic[T]):
    """Hands items to a function in the event loop of another thread; what comes in one burst costs one wake-up."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Callable[[T], object]) -> None:
        self._loop = loop
        self._receive = receive
        self._items: deque[T] = deque()
        self._called = False

    def put(self, item: T) -> None:
        """Hand an item over; callable from any thread. Once the loop is closed, it is lost."""
        self._items.append(item)
        if not self._called:
            self._called = True
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._called = False  # first: what is put from here on may come too late for the line below
        while self._items:
            self._receive(self._items.popleft())
