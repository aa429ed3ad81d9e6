"""How a command is stopped from outside: the first Ctrl-C drains, the second one ends it at once."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.engine.scheduler import Stop


@contextmanager
def heeding_signals(stop: Stop) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM request the stop, and the second one cancel the current task.

    Signals reach the main thread only: a run in another one is stopped by who started it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, main = asyncio.get_running_loop(), asyncio.current_task()
    assert main is not None
    signalled = False

    def on_signal() -> None:
        nonlocal signalled
        if signalled:
            main.cancel()
        signalled = True
        stop.request()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
