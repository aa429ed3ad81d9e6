"""What stops the runs of a command: signals, deadlines, and one another's trouble."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from prism_engine.config.run_config import deadline_at
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import DeadlineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class RunStop(Stop):
    """One run's stop: it stops all runs of the command, and stops with them.

    Attributes:
        is_own: this run asked for it, by its own trouble.
    """

    def __init__(self, whole: Stop) -> None:
        super().__init__()
        self.is_own = False
        self._whole = whole
        whole.listen(lambda: super(RunStop, self).request(whole.reason))
        if whole.requested:
            super().request(whole.reason)

    def request(self, reason: Exception | None = None) -> None:
        """Begin to drain all runs."""
        if not self.requested:
            self.is_own = True
            super().request(reason)
            self._whole.request(reason)


@contextmanager
def heeding_deadlines(stop: Stop, deadlines: Iterable[str | None]) -> Iterator[None]:
    """Request the stop at the first of the runs' deadlines."""
    now = datetime.now().astimezone()
    moments = [deadline_at(deadline, now) for deadline in deadlines if deadline is not None]
    if not moments:
        yield
        return
    first = min(moments)
    error = DeadlineError(f"the deadline has come ({first.astimezone(now.tzinfo):%Y-%m-%d %H:%M})")
    alarm = asyncio.get_running_loop().call_later((first - now).total_seconds(), stop.request, error)
    try:
        yield
    finally:
        alarm.cancel()


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
