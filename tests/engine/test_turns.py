"""Turn-taking of engines that share a GPU."""

from __future__ import annotations

import asyncio

import pytest

from prism_engine.engine.turns import Turns


class Engine:
    """Records when it was closed, and takes a moment to close."""

    def __init__(self, log, name):
        self.log, self.name = log, name

    async def close(self):
        await asyncio.sleep(0)
        self.log.append(f"{self.name} gone")


@pytest.fixture
def log():
    return []


def enlist(turns, log, *names):
    return [turns.enlist(name, Engine(log, name).close) for name in names]


async def test_the_next_engine_s_turn_comes_when_the_last_user_of_the_one_before_has_ended_it(log):
    turns = Turns()
    one, same, other = enlist(turns, log, "a", "a", "b")

    async def use(turn, name):
        await turn.begin()
        log.append(f"{name} begins")

    tasks = [asyncio.create_task(use(turn, name)) for turn, name in ((other, "b"), (same, "a2"), (one, "a1"))]
    await asyncio.sleep(0.01)
    assert sorted(log) == ["a1 begins", "a2 begins"]
    one.end()
    one.end()  # idempotent
    await asyncio.sleep(0.01)
    assert len(log) == 2
    same.end()
    await asyncio.gather(*tasks)
    assert log[2:] == ["a gone", "b begins"]


async def test_an_engine_knows_whether_another_one_waits_for_it(log):
    turns = Turns()
    one, other = enlist(turns, log, "a", "b")
    assert (one.makes_room, other.makes_room) == (True, False)
    one.end()
    await other.begin()
    assert not other.makes_room


async def test_the_last_engine_stays_until_the_end(log):
    turns = Turns()
    (one,) = enlist(turns, log, "a")
    await one.begin()
    one.end()
    await turns.settle()
    assert log == []


async def test_an_engine_that_no_run_calls_is_skipped(log):
    turns = Turns()
    one, unneeded, other = enlist(turns, log, "a", "b", "c")
    unneeded.end()
    one.end()
    await other.begin()
    assert log == ["a gone"]


async def test_as_many_as_are_allowed_are_up_together(log):
    turns = Turns(2)
    one, other, third = enlist(turns, log, "a", "b", "c")
    await one.begin()
    await other.begin()
    assert one.makes_room
    waiting = asyncio.create_task(third.begin())
    await asyncio.sleep(0)
    assert not waiting.done()
    other.end()
    await waiting
    assert log == ["b gone"]


async def test_an_error_while_closing_one_lets_the_next_begin_and_is_raised_at_the_end(log):
    async def fail():
        raise OSError("no")

    turns = Turns()
    one = turns.enlist("a", fail)
    (other,) = enlist(turns, log, "b")
    one.end()
    await other.begin()
    with pytest.raises(OSError, match="no"):
        await turns.settle()
