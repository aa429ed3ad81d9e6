"""An event loop in a thread: used from blocking code and other loops, cancelled, closed."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from prism_engine.api.objects.loop_thread import LoopThread
from prism_engine.errors import NotRunError


@pytest.fixture
def thread():
    made = LoopThread()
    yield made
    made.close()


async def loop_of():
    return asyncio.get_running_loop()


def test_blocking_code_threads_and_other_loops_all_use_one_loop(thread):
    first = thread.run(loop_of())
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: thread.run(loop_of()), range(8))) == {first}

    async def elsewhere():
        return await thread.arun(loop_of()), thread.run(loop_of())  # blocking inside a loop works as well

    assert asyncio.run(elsewhere()) == (first, first)


def test_what_a_coroutine_raises_comes_out(thread):
    async def fail():
        raise ValueError("so it is")

    with pytest.raises(ValueError, match="so it is"):
        thread.run(fail())


async def test_cancelling_the_wait_cancels_the_work(thread):
    cancelled, started = threading.Event(), threading.Event()

    async def hang():
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    task = asyncio.create_task(thread.arun(hang()))
    await asyncio.to_thread(started.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(cancelled.wait, 10)


def test_closing_cancels_running_calls_and_refuses_new_ones():
    thread = LoopThread()
    started = threading.Event()

    async def hang():
        started.set()
        await asyncio.Event().wait()

    async def wait():
        return await thread.arun(hang())

    with ThreadPoolExecutor(2) as pool:
        blocking, awaiting = pool.submit(thread.run, hang()), pool.submit(asyncio.run, wait())
        started.wait()
        thread.run(loop_of())  # both have started by now, or are refused below
        thread.close()
        thread.close()
        for future in (blocking, awaiting):
            with pytest.raises(NotRunError, match="closed"):
                future.result(timeout=10)
    with pytest.raises(NotRunError, match="not sent"):
        thread.run(loop_of())
    assert not [one for one in threading.enumerate() if one.name == "prism-session"]


def test_closing_leaves_the_tasks_of_backends_to_the_last_step_which_awaits_them():
    thread, ended = LoopThread(), []
    service: list[Any] = []

    async def serve(stop):
        await stop.wait()
        ended.append("in order")

    async def start_a_service_and_fail():
        stop = asyncio.Event()
        service.extend([stop, asyncio.create_task(serve(stop))])
        await asyncio.sleep(0)
        raise ValueError("the reply was empty")

    async def close_the_service():
        stop, task = service
        stop.set()
        await task  # raises CancelledError if closing has cancelled it

    def ask():
        try:
            thread.run(start_a_service_and_fail())
        finally:
            thread.close(close_the_service)

    with pytest.raises(ValueError, match="the reply was empty"):
        ask()
    assert ended == ["in order"]


def test_closing_ends_the_thread_even_if_the_last_step_fails():
    thread = LoopThread()

    async def leave_a_task():
        leftover.append(asyncio.create_task(asyncio.Event().wait()))

    async def fail():
        raise ValueError("a backend did not close")

    leftover = []
    thread.run(leave_a_task())
    with pytest.raises(ValueError, match="did not close"):
        thread.close(fail)
    assert leftover[0].cancelled()
    assert not [one for one in threading.enumerate() if one.name == "prism-session"]
