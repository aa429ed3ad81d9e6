from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.backends.limits.gate import Gate
from prism_engine.errors import NotRunError


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def hold(gate, release, entered, name):
    async with gate:
        entered.append(name)
        await release.wait()


async def test_a_gate_lets_its_width_in_and_the_others_follow_in_order():
    gate, release, entered = Gate(2), asyncio.Event(), []
    tasks = [asyncio.create_task(hold(gate, release, entered, n)) for n in range(5)]
    await settle()
    assert entered == [0, 1]
    assert repr(gate) == "<Gate open, 2/2 held, 3 waiting>"
    release.set()
    await asyncio.gather(*tasks)
    assert entered == [0, 1, 2, 3, 4]
    assert repr(gate) == "<Gate open, 0/2 held, 0 waiting>"


async def test_a_closed_gate_turns_everyone_away_but_its_holders():
    gate, release, entered = Gate(1), asyncio.Event(), []
    holder, waiter = (asyncio.create_task(hold(gate, release, entered, n)) for n in range(2))
    await settle()
    gate.close()
    gate.close()
    with pytest.raises(NotRunError):
        await waiter
    with pytest.raises(NotRunError):
        await hold(gate, release, entered, "late")
    assert not holder.done()
    release.set()
    await holder
    assert entered == [0]
    assert repr(gate) == "<Gate closed, 0/1 held, 0 waiting>"


async def test_a_slot_handed_over_when_the_gate_closes_is_released():
    gate, release, entered = Gate(1), asyncio.Event(), []
    async with gate:
        waiter = asyncio.create_task(hold(gate, release, entered, "next"))
        await settle()
    gate.close()  # the waiter holds the slot, but has not run since
    with pytest.raises(NotRunError):
        await waiter
    assert entered == []
    assert repr(gate) == "<Gate closed, 0/1 held, 0 waiting>"


async def test_a_cancelled_waiter_leaves_no_trace():
    gate, release, entered = Gate(1), asyncio.Event(), []
    async with gate:
        first, second = (asyncio.create_task(hold(gate, release, entered, n)) for n in range(2))
        await settle()
        first.cancel()
        await settle()
        assert repr(gate) == "<Gate open, 1/1 held, 1 waiting>"
    await settle()
    assert entered == [1]
    release.set()
    await second
    assert repr(gate) == "<Gate open, 0/1 held, 0 waiting>"


async def test_a_waiter_cancelled_just_after_its_turn_came_hands_the_slot_on():
    gate, release, entered = Gate(1), asyncio.Event(), []
    async with gate:
        first, second = (asyncio.create_task(hold(gate, release, entered, n)) for n in range(2))
        await settle()
    first.cancel()
    await settle()
    assert first.cancelled()
    assert entered == [1]
    release.set()
    await second
    assert repr(gate) == "<Gate open, 0/1 held, 0 waiting>"


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from(["come", "go", "cancel", "run"]), st.integers(0, 20)), max_size=60),
)
def test_whatever_happens_a_gate_is_never_overfull_and_ends_empty(width, steps):
    async def play():
        gate, inside, most, leave, tasks = Gate(width), 0, 0, [asyncio.Event() for _ in steps], []

        async def visit(event):
            nonlocal inside, most
            async with gate:
                inside += 1
                most = max(most, inside)
                try:
                    await event.wait()
                finally:
                    inside -= 1

        for step, number in steps:
            if step == "come":
                tasks.append(asyncio.create_task(visit(leave[len(tasks)])))
            elif step == "go" and tasks:
                leave[number % len(tasks)].set()
            elif step == "cancel" and tasks:
                tasks[number % len(tasks)].cancel()
            elif step == "run":
                await asyncio.sleep(0)
        for event in leave:
            event.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most <= width
        assert repr(gate) == f"<Gate open, 0/{width} held, 0 waiting>"

    asyncio.run(play())


async def test_who_comes_to_the_front_is_next_and_is_turned_away_by_a_closed_gate():
    gate, release, entered = Gate(1), asyncio.Event(), []

    async def hurry(name):
        async with gate.at_front():
            entered.append(name)

    tasks = [asyncio.create_task(hold(gate, release, entered, n)) for n in range(3)]
    await settle()
    tasks.append(asyncio.create_task(hurry("front")))
    await settle()
    release.set()
    await asyncio.gather(*tasks)
    assert entered == [0, "front", 1, 2]
    gate.close()
    with pytest.raises(NotRunError):
        await hurry("late")


async def test_a_held_gate_keeps_its_queue_in_order_and_its_holders():
    gate, release, entered = Gate(2), asyncio.Event(), []
    first = asyncio.create_task(hold(gate, release, entered, 0))
    await settle()
    gate.hold(on=True)
    others = [asyncio.create_task(hold(gate, release, entered, n)) for n in range(1, 5)]
    await settle()
    assert entered == [0]
    others[0].cancel()
    gate.hold(on=False)
    await settle()
    assert entered == [0, 2]
    gate.hold(on=True)
    release.set()
    await first
    await settle()
    assert entered == [0, 2]
    gate.hold(on=False)
    await asyncio.gather(*others[1:])
    assert entered == [0, 2, 3, 4]
    assert repr(gate) == "<Gate open, 0/2 held, 0 waiting>"


async def test_a_held_gate_that_closes_turns_its_queue_away():
    gate, release, entered = Gate(1), asyncio.Event(), []
    gate.hold(on=True)
    waiter = asyncio.create_task(hold(gate, release, entered, 0))
    await settle()
    gate.close()
    with pytest.raises(NotRunError):
        await waiter
    gate.hold(on=False)
    assert repr(gate) == "<Gate closed, 0/1 held, 0 waiting>"
