"""Stopping the runs of a command."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import datetime, timedelta

import pytest

from prism_engine.api.runs.stopping import RunStop, stopping_at_deadline, stopping_on_signals
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import DeadError, DeadlineError


def test_one_run_s_error_stops_all_runs_and_only_that_run_owns_it():
    whole = Stop()
    one, other = RunStop(whole), RunStop(whole)
    heard = []
    other.listen(lambda: heard.append("other"))
    one.request(DeadError("key refused"))
    assert (whole.requested, one.requested, other.requested) == (True, True, True)
    assert str(other.reason) == str(whole.reason) == "key refused"
    assert (one.is_own, other.is_own, heard) == (True, False, ["other"])
    other.request(DeadError("too late"))
    assert (str(other.reason), other.is_own) == ("key refused", False)


def test_the_command_s_stop_reaches_every_run_including_later_ones():
    whole = Stop()
    one = RunStop(whole)
    whole.request()
    later = RunStop(whole)
    assert (one.requested, one.is_own, later.requested, later.is_own) == (True, False, True, False)


async def test_the_first_deadline_requests_the_stop(monkeypatch):
    stop = Stop()
    monkeypatch.setattr("prism_engine.api.runs.stopping.deadline_at", lambda _text, now: now)
    with stopping_at_deadline(stop, [None, "8h"]):
        await asyncio.sleep(0.01)
    assert isinstance(stop.reason, DeadlineError)


async def test_without_a_deadline_nothing_stops():
    stop = Stop()
    with stopping_at_deadline(stop, [None]):
        await asyncio.sleep(0)
    assert not stop.requested


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_drains_and_the_second_cancels(number):
    stop = Stop()

    async def run():
        with stopping_on_signals(stop):
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.01)
            assert (stop.requested, stop.reason) == (True, None)
            os.kill(os.getpid(), number)
            await asyncio.sleep(10)

    task = asyncio.create_task(run())
    await asyncio.wait([task])
    assert task.cancelled()


async def test_a_closed_terminal_drains_however_often_it_is_reported():
    stop = Stop()
    with stopping_on_signals(stop):
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.01)
        assert (stop.requested, stop.reason) == (True, None)


async def test_a_closed_terminal_changes_nothing_under_nohup():
    stop = Stop()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping_on_signals(stop):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.01)
        assert not stop.requested
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


async def test_a_deadline_is_moved_and_removed_while_the_runs_go_on():
    stop, now = Stop(), datetime.now().astimezone()
    with stopping_at_deadline(stop, ["9h", "8h"]) as alarm:
        assert alarm.moment is not None
        assert timedelta(hours=7.9) < alarm.moment - now < timedelta(hours=8.1)
        alarm.set((now + timedelta(seconds=0.05)).isoformat(), now)
        with pytest.raises(ValueError, match="must be"):
            alarm.set("soon", now)
        alarm.set(None, now)
        await asyncio.sleep(0.1)
        assert [stop.requested, alarm.moment] == [False, None]
        alarm.set((now - timedelta(seconds=1)).isoformat(), now)
        await asyncio.sleep(0.01)
    assert isinstance(stop.reason, DeadlineError)
