from __future__ import annotations

import asyncio

from prism_engine.engine.pace import LEAST_AHEAD, Pace, Ranks


async def start(member, ranks):
    """Let samples enter; return those that may start at once, and the tasks of all."""
    tasks = {rank: asyncio.create_task(member.enter(rank)) for rank in ranks}
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return {rank for rank, task in tasks.items() if task.done()}, tasks


async def test_a_run_is_at_most_a_window_ahead_of_the_slowest():
    pace = Pace(3)
    fast, slow = pace.join(), pace.join()
    started, tasks = await start(fast, range(6))
    assert started == {0, 1, 2}
    assert fast.waits
    for rank in range(3):
        fast.finish(rank)
    await asyncio.sleep(0)
    assert not tasks[3].done()  # its own progress does not help
    slow.finish(1)
    slow.finish(0)
    await asyncio.sleep(0)
    assert [rank for rank, task in tasks.items() if task.done()] == [0, 1, 2, 3, 4]
    assert (await start(slow, range(2, 6)))[0] == {2, 3, 4, 5}
    tasks[5].cancel()


async def test_runs_that_end_or_cannot_get_on_are_not_waited_for():
    pace = Pace(2)
    one, ending, idle = pace.join(), pace.join(), pace.join()
    _, tasks = await start(one, range(100, 103))
    ending.leave()
    assert not tasks[100].done()
    idle.set_idle(idle=True)
    await asyncio.gather(*tasks.values())
    idle.set_idle(idle=False)
    _, tasks = await start(one, [200])
    assert not tasks[200].done()
    one.leave()  # a stop: everything goes on, and nothing is sent
    await tasks[200]


async def test_a_sample_that_is_finished_again_or_cancelled_while_it_waits_does_no_harm():
    pace = Pace(1)
    one, other = pace.join(), pace.join()
    one.finish(0)
    one.finish(0)
    assert one.frontier == 1
    _, tasks = await start(one, [5, 6])
    tasks[5].cancel()
    other.leave()
    await tasks[6]


def test_the_window_is_a_part_of_the_samples_but_lets_requests_be_in_flight_together():
    assert Pace.of(10_000, 64).window == 64
    assert Pace.of(200, 64).window == 25
    assert Pace.of(10, 64).window == LEAST_AHEAD


async def test_a_run_on_its_own_never_waits():
    ranks = Ranks(None, [3, 1, 2])
    await ranks.enter(7)
    ranks.finish(7)
    assert not ranks.wait()
