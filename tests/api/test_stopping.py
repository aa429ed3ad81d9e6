"""The first signal drains, the second one ends."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from prism_engine.api.stopping import heeding_signals
from prism_engine.engine.scheduler import Stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_requests_the_stop_and_the_second_cancels(number):
    stop = Stop()

    async def work():
        with heeding_signals(stop):
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.1)
            assert stop.requested
            assert stop.reason is None
            os.kill(os.getpid(), number)
            await asyncio.sleep(30)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
