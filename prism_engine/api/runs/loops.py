"""Runs a coroutine to its end from blocking code, also in a thread whose own event loop is running (a notebook)."""

from __future__ import annotations

import asyncio
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

T = TypeVar("T")

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that stop a run: Ctrl-C, a scheduler's request, a closed terminal."""


def handled_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that stop a run of this process: under `nohup`, a closed terminal is none."""
    return tuple(n for n in STOPPING if n != signal.SIGHUP or signal.getsignal(n) is not signal.SIG_IGN)


class ForwardedSignals:
    """Signals that the blocked main thread forwards to the loop in which its coroutine runs.

    No signal is lost: one that arrives while no receiver is registered is delivered to the next one.
    """

    def __init__(self) -> None:
        self.received = 0
        """Number of signals so far."""
        self.delivered = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._receive: Callable[[], object] | None = None

    @contextmanager
    def forwarding(self) -> Iterator[None]:
        """Forward signals during the block instead of handling them; call it in the main thread."""
        previous = {number: signal.signal(number, self._forward) for number in handled_signals()}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    @contextmanager
    def received_by(self, receive: Callable[[], object]) -> Iterator[None]:
        """Call `receive` once per signal, in the running loop of this thread; replaces the outer block's receiver."""
        outer = self._loop, self._receive
        self._loop, self._receive = asyncio.get_running_loop(), receive
        self._deliver()
        try:
            yield
        finally:
            self._loop, self._receive = outer

    def _forward(self, number: int, _: object) -> None:
        if number == signal.SIGHUP and self.received:
            return  # the kernel and the shell may both report that the terminal was closed
        # A signal handler takes no lock: it may interrupt a thread that holds it. Counting and the loop's own
        # self-pipe need none.
        self.received += 1
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # the loop has just closed
                loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        while self._receive is not None and self.delivered < self.received:
            self.delivered += 1
            self._receive()


FORWARDED: ContextVar[ForwardedSignals | None] = ContextVar("FORWARDED", default=None)
"""The signals forwarded to the coroutines of this context; None if no blocked main thread waits for them."""


def run_blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.run`, but also works in a thread whose event loop is running.

    There, the coroutine gets a thread and a loop of its own, and the caller's loop is blocked until it ends. If the
    caller is the main thread, the signals that stop a run reach the coroutine through `FORWARDED`: the receiver
    registered there gets them, and without one the first signal cancels the coroutine.

    Raises:
        KeyboardInterrupt: a signal cancelled the coroutine, or arrived when it had ended.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        try:
            return asyncio.run(coroutine)
        finally:
            coroutine.close()  # if no loop could be made, it was never started
    signals = ForwardedSignals()
    is_main = threading.current_thread() is threading.main_thread()
    context = copy_context()
    if is_main:
        context.run(FORWARDED.set, signals)
    try:
        with ThreadPoolExecutor(1, "prism") as executor, signals.forwarding() if is_main else nullcontext():
            result = executor.submit(context.run, asyncio.run, _cancellable(coroutine, signals)).result()
    except asyncio.CancelledError:
        if signals.received:
            raise KeyboardInterrupt from None
        raise
    if signals.received > signals.delivered:
        raise KeyboardInterrupt
    return result


async def _cancellable(coroutine: Coroutine[Any, Any, T], signals: ForwardedSignals) -> T:
    task = asyncio.current_task()
    assert task is not None
    with signals.received_by(task.cancel):
        return await coroutine
