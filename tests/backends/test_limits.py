from __future__ import annotations

import asyncio
import itertools
from collections import deque

import pytest
from asyncio_throttle import Throttler
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.backends.limits import Gate, Limiter
from prism_engine.config import Limits
from prism_engine.errors import NotRunError
from tests.virtual_time import now, run_virtually


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


async def test_a_place_handed_over_when_the_gate_closes_is_given_back():
    gate, release, entered = Gate(1), asyncio.Event(), []
    async with gate:
        waiter = asyncio.create_task(hold(gate, release, entered, "next"))
        await settle()
    gate.close()  # the place is the waiter's, but it has not run since
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


async def test_a_waiter_cancelled_just_after_its_turn_came_hands_the_place_on():
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


def largest_sum(entries, seconds):
    """The most that any window of so many seconds holds; entries are (time, amount) in order of time."""
    window: deque[tuple[float, int]] = deque()
    most = total = 0
    for at, amount in entries:
        window.append((at, amount))
        total += amount
        while at - window[0][0] >= seconds:
            total -= window.popleft()[1]
        most = max(most, total)
    return most


async def send_for(limiter, seconds, jobs, *, workers, wire):
    """Send (reserved, used) jobs for so long; return (time sent, tokens used) of each."""
    end, sent = now() + seconds, []

    async def work():
        for reserved, used in jobs:
            async with limiter.slot(tokens=reserved) as slot:
                if now() >= end:
                    return
                sent.append((now(), used))
                await asyncio.sleep(wire)
                slot.settle(used)

    await asyncio.gather(*(work() for _ in range(workers)))
    return sent


@pytest.mark.parametrize(("tokens", "binding"), [(50, "requests"), (400, "tokens")])
def test_five_minutes_keep_both_limits_in_any_minute_and_use_the_binding_one(tokens, binding):
    limiter = Limiter(Limits(requests_per_minute=600, tokens_per_minute=60_000, concurrency=64))
    jobs = itertools.repeat((tokens + 100, tokens))
    sent = run_virtually(send_for(limiter, 300, jobs, workers=64, wire=1.0))
    assert largest_sum([(at, 1) for at, _ in sent], 60) <= 600
    assert largest_sum(sent, 60) <= 60_000
    share = {"requests": len(sent) / (5 * 600), "tokens": sum(used for _, used in sent) / (5 * 60_000)}
    assert share[binding] >= 0.95


@pytest.mark.parametrize("limit", [1, 7, 59, 61, 119, 179, 1000, 3659])
def test_any_request_limit_is_kept_and_used_and_does_not_open_with_a_burst(limit):
    limiter = Limiter(Limits(requests_per_minute=limit, concurrency=100))
    sent = run_virtually(send_for(limiter, 240, itertools.repeat((0, 0)), workers=100, wire=0.01))
    times = [(at, 1) for at, _ in sent]
    assert largest_sum(times, 60) <= limit
    assert len(sent) >= 0.95 * 4 * limit - 1
    assert largest_sum(times, 0.4) <= max(1, limit // 60)


@settings(max_examples=40, deadline=None)
@given(st.integers(100, 5000), st.data())
def test_the_token_limit_holds_in_any_minute_and_is_used(limit, data):
    used = data.draw(st.lists(st.integers(1, limit // 20), min_size=5, max_size=5))
    limiter = Limiter(Limits(tokens_per_minute=limit, concurrency=4))
    jobs = itertools.cycle([(2 * tokens, tokens) for tokens in used])
    sent = run_virtually(send_for(limiter, 180, jobs, workers=4, wire=0.0))
    assert largest_sum(sent, 60) <= limit
    assert sum(tokens for _, tokens in sent) >= 0.9 * limit * 2.9


def test_a_request_larger_than_the_limit_goes_alone_instead_of_hanging():
    async def play():
        limiter, started = Limiter(Limits(tokens_per_minute=100)), now()
        sent = []
        for tokens in (60, 5000, 60):
            async with limiter.slot(tokens):
                sent.append(now() - started)
        return sent

    first, large, last = run_virtually(play())
    assert first == 0
    assert large > 60
    assert last > large + 60


def test_a_refund_lets_the_next_request_go_at_once():
    async def play():
        limiter, started = Limiter(Limits(tokens_per_minute=100)), now()

        async def second():
            async with limiter.slot(50):
                return now() - started

        async with limiter.slot(90) as slot:
            waiting = asyncio.create_task(second())
            await asyncio.sleep(3)
            slot.settle(40)
        return await waiting

    assert run_virtually(play()) == 3


def test_a_settlement_beyond_the_reservation_delays_what_follows():
    async def play():
        limiter, started = Limiter(Limits(tokens_per_minute=100)), now()
        async with limiter.slot(10) as slot:
            slot.settle(100)
        async with limiter.slot(10):
            return now() - started

    assert run_virtually(play()) > 60


def test_a_settlement_after_the_minute_changes_nothing():
    async def play():
        limiter = Limiter(Limits(tokens_per_minute=100))
        async with limiter.slot(90) as late:
            await asyncio.sleep(100)
            async with limiter.slot(90):
                late.settle(1)
        return repr(limiter)

    assert "90/100 tokens" in run_virtually(play())


def test_nothing_is_sent_during_a_pause():
    async def play():
        limiter, started, sent = Limiter(Limits(requests_per_minute=600, concurrency=8)), now(), []

        async def send():
            async with limiter.slot():
                sent.append(now() - started)

        tasks = [asyncio.create_task(send()) for _ in range(30)]
        await asyncio.sleep(1.5)
        before = len(sent)
        limiter.pause(7)
        limiter.pause(2)  # the longer one counts
        await asyncio.gather(*tasks)
        return before, sent

    before, sent = run_virtually(play())
    assert 0 < before < 30
    assert len(sent) == 30
    assert not [at for at in sent[before:] if at < 8.5]


def test_slots_are_given_out_first_come_first_served():
    async def play():
        limiter, order = Limiter(Limits(requests_per_minute=600, tokens_per_minute=1000, concurrency=3)), []

        async def send(number):
            async with limiter.slot(200 if number % 3 else 900):
                order.append(number)
                await asyncio.sleep(0.01)

        await asyncio.gather(*(send(number) for number in range(20)))
        return order

    assert run_virtually(play()) == list(range(20))


def test_only_one_call_polls_the_throttler(monkeypatch):
    polling = most = 0
    acquire = Throttler.acquire

    async def counted(self):
        nonlocal polling, most
        polling += 1
        most = max(most, polling)
        await acquire(self)
        polling -= 1

    monkeypatch.setattr(Throttler, "acquire", counted)
    limiter = Limiter(Limits(requests_per_minute=60, concurrency=500))
    run_virtually(send_for(limiter, 20, itertools.repeat((0, 0)), workers=500, wire=0.0))
    assert most == 1


@pytest.mark.parametrize(
    "limits",
    [
        Limits(concurrency=1),
        Limits(requests_per_minute=1, concurrency=4),
        Limits(tokens_per_minute=10, concurrency=4),
    ],
)
def test_closing_turns_away_who_waits_for_a_place_or_a_rate_or_tokens(limits):
    async def play():
        limiter, done = Limiter(limits), asyncio.Event()

        async def send():
            async with limiter.slot(10):
                await done.wait()
                return "sent"

        tasks = [asyncio.create_task(send()) for _ in range(6)]
        await asyncio.sleep(1)
        limiter.close()
        limiter.close()
        await asyncio.sleep(0.1)
        assert sum(task.done() for task in tasks) == 5
        done.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert results[0] == "sent"
        assert all(isinstance(result, NotRunError) for result in results[1:])
        with pytest.raises(NotRunError):
            await send()
        return repr(limiter)

    shown = run_virtually(play())
    assert f"<Gate closed, 0/{limits.concurrency} held, 0 waiting>" in shown
    assert "<Gate closed, 0/1 held, 0 waiting>, 0 timed waits" in shown


def test_a_pause_ends_when_the_limiter_closes():
    async def play():
        limiter = Limiter(Limits())
        limiter.pause(1000)
        asyncio.get_running_loop().call_later(5, limiter.close)
        started = now()
        with pytest.raises(NotRunError):
            async with limiter.slot():
                pass
        return now() - started

    assert run_virtually(play()) == 5


@pytest.mark.parametrize("limits", [Limits(requests_per_minute=1, concurrency=2), Limits(tokens_per_minute=10)])
def test_cancelling_the_call_at_the_head_of_the_queue_lets_the_next_one_go(limits):
    async def play():
        limiter = Limiter(limits)

        async def send():
            async with limiter.slot(10):
                return now()

        started = await send()
        head, following = asyncio.create_task(send()), asyncio.create_task(send())
        await asyncio.sleep(30)
        head.cancel()
        waited = await following - started
        assert head.cancelled()
        assert "0/1 held, 0 waiting>, 0 timed waits" in repr(limiter)
        return waited

    assert 60 < run_virtually(play()) < 62


def test_an_awaited_thing_may_time_out_by_itself():
    async def play():
        limiter = Limiter(Limits())
        with pytest.raises(TimeoutError):
            await limiter.unless_closed(asyncio.wait_for, asyncio.sleep(10), 1)
        assert await limiter.unless_closed(asyncio.sleep, 1, "slept") == "slept"

    run_virtually(play())
