from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from prism_engine.backends.vllm.thread import EngineThread, Mailbox


async def test_all_calls_are_made_in_one_thread_of_its_own():
    thread = EngineThread()
    names = {await thread.run(lambda: threading.current_thread().name) for _ in range(3)}
    assert names == {"prism-vllm"}
    assert await thread.run(divmod, 7, 2) == (3, 1)
    thread.end()


@pytest.mark.parametrize("error", [ValueError, SystemExit])
async def test_what_a_call_raises_comes_back_and_the_thread_goes_on(error):
    def fail():
        raise error("for a reason")

    thread = EngineThread()
    with pytest.raises(error, match="for a reason"):
        await thread.run(fail)
    assert await thread.run(len, "abc") == 3
    thread.end()


async def test_it_ends_after_its_current_call_and_twice_is_fine():
    thread = EngineThread()
    inside = await thread.run(threading.current_thread)
    thread.end()
    thread.end()
    inside.join(60)
    assert not inside.is_alive()


async def test_its_end_reaches_a_call_that_would_run_forever():
    thread, over = EngineThread(), threading.Event()
    thread.on_end = over.set
    waiting = asyncio.create_task(thread.run(over.wait, 60))
    await asyncio.sleep(0)
    thread.end()
    assert await waiting


async def test_all_items_from_another_thread_arrive_in_order():
    arrived: list[tuple[int, str]] = []
    mailbox = Mailbox(asyncio.get_running_loop(), lambda n: arrived.append((n, threading.current_thread().name)))
    await asyncio.to_thread(lambda: list(map(mailbox.put, range(2000))))
    await asyncio.sleep(0)
    assert arrived == [(number, threading.current_thread().name) for number in range(2000)]


def test_a_mailbox_whose_loop_is_closed_loses_what_is_put():
    loop = asyncio.new_event_loop()
    loop.close()
    Mailbox(loop, print).put("late")


def test_a_thread_never_used_ends_too():
    EngineThread().end()


@pytest.mark.parametrize("call", ["time.sleep, 600", "int"])
def test_neither_a_call_nor_the_wait_for_one_keeps_the_process_alive(call):
    code = (
        "import asyncio, time\n"
        "from prism_engine.backends.vllm.thread import EngineThread\n"
        "async def main():\n"
        "    try:\n"
        f"        await asyncio.wait_for(EngineThread().run({call}), 0.2)\n"
        "    except TimeoutError:\n"
        "        print('cancelled')\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == ("cancelled\n" if "sleep" in call else "")
    assert done.stderr == ""
