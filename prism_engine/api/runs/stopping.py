"""Stops the runs of a command on signals, deadlines, and errors in any one of them."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING

from prism_engine.api.runs.loops import FORWARDED, handled_signals
from prism_engine.config.deadline import deadline_at
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import DeadlineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class RunStop(Stop):
    """The stop of one run, linked to the command's stop: requesting either one requests both.

    Attributes:
        is_own: whether this run requested the stop.
    """

    def __init__(self, command_stop: Stop) -> None:
        super().__init__()
        self.is_own = False
        self._command_stop = command_stop
        command_stop.listen(lambda: super(RunStop, self).request(command_stop.reason))
        if command_stop.requested:
            super().request(command_stop.reason)

    def request(self, reason: Exception | None = None) -> None:
        """Start draining all runs."""
        if not self.requested:
            self.is_own = True
            super().request(reason)
            self._command_stop.request(reason)


class DeadlineAlarm:
    """Requests the stop when the deadline is reached.

    Attributes:
        moment: the deadline, in this machine's time zone; None without one.
    """

    def __init__(self, stop: Stop) -> None:
        self.moment: datetime | None = None
        self._stop = stop
        self._timer: asyncio.TimerHandle | None = None

    def set(self, deadline: str | None, now: datetime) -> None:
        """Replace the deadline; None removes it.

        Args:
            now: with its time zone; durations start here.

        Raises:
            ValueError: as `deadline_at`.
        """
        moment = None if deadline is None else deadline_at(deadline, now).astimezone(now.tzinfo)
        self.cancel()
        if moment is not None:
            error = DeadlineError(f"the deadline was reached ({moment:%Y-%m-%d %H:%M})")
            seconds = max(0.0, (moment - now).total_seconds())
            self._timer = asyncio.get_running_loop().call_later(seconds, self._stop.request, error)
        self.moment = moment

    def cancel(self) -> None:
        """Remove the deadline. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.moment = None


@contextmanager
def stopping_at_deadline(stop: Stop, deadlines: Iterable[str | None]) -> Iterator[DeadlineAlarm]:
    """Request the stop at the earliest of the runs' deadlines, or at the one that is set later."""
    now, alarm = datetime.now().astimezone(), DeadlineAlarm(stop)
    given = [deadline for deadline in deadlines if deadline is not None]
    alarm.set(min(given, key=lambda deadline: deadline_at(deadline, now), default=None), now)
    try:
        yield alarm
    finally:
        alarm.cancel()


@contextmanager
def stopping_on_signals(stop: Stop) -> Iterator[None]:
    """Request the stop on the first SIGINT, SIGTERM or SIGHUP; cancel the current task on the second.

    Further SIGHUPs do not count: the kernel and the shell may both report that the terminal was closed.

    Only the main thread receives signals. A run in another thread gets those that the main thread forwards to it while
    it waits (see `run_blocking`); otherwise its caller stops it.
    """
    loop, main = asyncio.get_running_loop(), asyncio.current_task()
    assert main is not None
    signalled = False

    def on_signal(number: int = signal.SIGINT) -> None:
        nonlocal signalled
        if signalled and number != signal.SIGHUP:
            main.cancel()
        signalled = True
        stop.request()

    if threading.current_thread() is not threading.main_thread():
        forwarded = FORWARDED.get()
        with forwarded.received_by(on_signal) if forwarded is not None else nullcontext():
            yield
        return
    numbers = handled_signals()
    for number in numbers:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
