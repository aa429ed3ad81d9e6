"""`run_blocking`: coroutines that run to their end although an event loop is running in the thread."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time

import pytest

from prism_engine.api.runs.loops import run_blocking
from prism_engine.api.runs.stopping import stopping_on_signals
from prism_engine.engine.scheduler import Stop


def interrupt(*delays, number=signal.SIGINT):
    """Send a signal to this process after each delay, in seconds, from another thread."""

    def send():
        for delay in delays:
            time.sleep(delay)
            os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


async def where():
    await asyncio.sleep(0)
    return threading.current_thread()


def test_without_a_loop_it_runs_in_the_caller_s_thread():
    assert run_blocking(where()) is threading.current_thread()


async def test_in_a_running_loop_it_runs_in_a_thread_of_its_own():
    assert run_blocking(where()) is not threading.current_thread()


def test_it_works_inside_asyncio_run():
    async def cell():
        return run_blocking(where())

    assert asyncio.run(cell()) is not threading.main_thread()


async def test_errors_are_raised():
    async def failing():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_blocking(failing())


def test_a_loop_in_another_thread_leaves_signals_alone():
    before = signal.getsignal(signal.SIGINT)

    async def cell():
        return run_blocking(handlers())

    async def handlers():
        return signal.getsignal(signal.SIGINT)

    seen = []
    thread = threading.Thread(target=lambda: seen.append(asyncio.run(cell())))
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_the_first_signal_drains_a_run_that_blocks_the_caller_s_loop(number):
    before = signal.getsignal(number)

    async def run():
        stop = Stop()
        with stopping_on_signals(stop):
            while not stop.requested:
                await asyncio.sleep(0.01)
        return "drained"

    sender = interrupt(0.1, number=number)
    assert run_blocking(run()) == "drained"
    sender.join()
    assert signal.getsignal(number) is before


async def test_the_second_signal_stops_it_at_once():
    stop = Stop()

    async def run():
        with stopping_on_signals(stop):
            await asyncio.sleep(60)

    sender = interrupt(0.1, 0.1)
    with pytest.raises(KeyboardInterrupt):
        run_blocking(run())
    sender.join()
    assert stop.requested


async def test_without_a_receiver_the_first_signal_cancels():
    sender = interrupt(0.1)
    with pytest.raises(KeyboardInterrupt):
        run_blocking(asyncio.sleep(60))
    sender.join()


async def test_a_signal_before_the_run_listens_is_delivered_when_it_does():
    async def run():
        await asyncio.sleep(0)
        time.sleep(0.3)  # noqa: ASYNC251 - the loop is busy when the signal comes
        with contextlib.suppress(asyncio.CancelledError):  # by the default receiver
            await asyncio.sleep(60)
        return "cancelled"

    sender = interrupt(0.1)
    assert run_blocking(run()) == "cancelled"
    sender.join()


async def test_a_signal_that_nothing_received_is_raised_at_the_end():
    async def run():
        time.sleep(0.3)  # noqa: ASYNC251 - and the loop ends before it is free again
        return "done"

    sender = interrupt(0.1)
    with pytest.raises(KeyboardInterrupt):
        run_blocking(run())
    sender.join()


async def test_two_phases_share_one_count_of_signals():
    """A signal that drained the first phase does not count as the second one's."""
    first, second = Stop(), Stop()

    async def run():
        with stopping_on_signals(first):
            while not first.requested:
                await asyncio.sleep(0.01)
        with stopping_on_signals(second):
            await asyncio.sleep(0.05)

    sender = interrupt(0.1)
    run_blocking(run())
    sender.join()
    assert (first.requested, second.requested) == (True, False)
