"""The limiter: the totals of any minute under heavy traffic, and the outcome of single waiting requests."""

from __future__ import annotations

import asyncio
import itertools
import random

import pytest
from asyncio_throttle import Throttler
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.backends.limits.expectation import MIN_REPLIES, Tokens
from prism_engine.backends.limits.limiter import Limiter
from prism_engine.backends.load import WaitReason
from prism_engine.config import Limits
from prism_engine.errors import NotRunError
from tests.backends.traffic import LENGTHS, NOTHING, largest_sum, made_up, send_for, weighed
from tests.virtual_time import now, run_virtually


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(sorted(LENGTHS)), st.sampled_from([0.2, 1.0, 1.5]))
def test_five_minutes_keep_both_limits_in_any_minute_and_use_the_binding_one(seed, lengths, duration):
    limiter = Limiter(Limits(requests_per_minute=600, tokens_per_minute=60_000))
    sent = run_virtually(send_for(limiter, 300, made_up(random.Random(seed), lengths, duration), workers=64))
    assert largest_sum([(at, 1) for at, _ in sent], 60) <= 600
    assert largest_sum(weighed(sent), 60) <= 60_000
    shares = len(sent) / (5 * 600), sum(tokens for _, tokens in weighed(sent)) / (5 * 60_000)
    assert max(shares) >= 0.97


@pytest.mark.parametrize("tokens", [99, 40])
def test_a_binding_request_limit_is_used_up(tokens):
    limiter = Limiter(Limits(requests_per_minute=600, tokens_per_minute=60_000))
    jobs = itertools.repeat((Tokens(tokens, 400), Tokens(tokens, 1), 1.0))
    sent = run_virtually(send_for(limiter, 300, jobs, workers=64))
    assert largest_sum([(at, 1) for at, _ in sent], 60) <= 600
    assert len(sent) >= 0.97 * 5 * 600


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([(6_000, 60_000, "input"), (60_000, 6_000, "output")]))
def test_input_and_output_tokens_are_limited_separately(seed, case):
    inputs, outputs, binding = case
    limiter = Limiter(Limits(input_tokens_per_minute=inputs, output_tokens_per_minute=outputs))
    sent = run_virtually(send_for(limiter, 180, made_up(random.Random(seed), "even", 1.0), workers=16))
    assert largest_sum(weighed(sent, "input"), 60) <= inputs
    assert largest_sum(weighed(sent, "output"), 60) <= outputs
    assert sum(used for _, used in weighed(sent, binding)) >= 0.9 * 3 * 6_000


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 512), st.integers(1, 512))
def test_when_replies_suddenly_become_longer_a_minute_exceeds_the_limit_by_the_requests_in_flight_at_most(
    seed, before, after
):
    dice, duration = random.Random(seed), 1.0
    limiter = Limiter(Limits(requests_per_minute=600, tokens_per_minute=60_000))

    def jobs():
        for number in itertools.count():
            used = Tokens(100, before if number < 500 else after)
            yield Tokens(100, 512), used, duration * dice.uniform(0.5, 1.5)

    sent = run_virtually(send_for(limiter, 200, jobs(), workers=64))
    in_flight = largest_sum([(at, 1) for at, _ in sent], 1.5 * duration) + MIN_REPLIES
    assert largest_sum(weighed(sent), 60) <= 60_000 + in_flight * max(after - before, 0)


@pytest.mark.parametrize("limit", [1, 59, 61, 179, 3659])
def test_any_request_limit_is_kept_and_used_and_does_not_open_with_a_burst(limit):
    limiter = Limiter(Limits(requests_per_minute=limit, concurrency=100))
    sent = run_virtually(send_for(limiter, 240, NOTHING, workers=100))
    times = [(at, 1) for at, _ in sent]
    assert largest_sum(times, 60) <= limit
    assert len(sent) >= 0.97 * 4 * limit - 1
    assert largest_sum(times, 0.4) <= max(1, limit // 60)


@settings(max_examples=12, deadline=None)
@given(st.integers(100, 5000), st.data())
def test_the_token_limit_holds_in_any_minute_and_is_used(limit, data):
    used = data.draw(st.lists(st.integers(1, limit // 20), min_size=5, max_size=5))
    limiter = Limiter(Limits(tokens_per_minute=limit, concurrency=4))
    jobs = itertools.cycle([(Tokens(0, 2 * tokens), Tokens(0, tokens), 0.0) for tokens in used])
    sent = run_virtually(send_for(limiter, 180, jobs, workers=4))
    assert largest_sum(weighed(sent), 60) <= limit
    assert sum(tokens for _, tokens in weighed(sent)) >= 0.9 * limit * 2.9


def test_a_request_larger_than_the_limit_goes_alone_instead_of_hanging():
    async def play():
        limiter, started = Limiter(Limits(tokens_per_minute=100)), now()
        sent = []
        for tokens in (60, 5000, 60):
            async with limiter.slot(Tokens(tokens)):
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
            async with limiter.slot(Tokens(50)):
                return now() - started

        async with limiter.slot(Tokens(90)) as slot:
            waiting = asyncio.create_task(second())
            await asyncio.sleep(3)
            slot.record_success(Tokens(40))
        return await waiting

    assert run_virtually(play()) == 3


def test_a_settlement_beyond_the_reservation_delays_what_follows():
    async def play():
        limiter, started = Limiter(Limits(tokens_per_minute=100)), now()
        async with limiter.slot(Tokens(10)) as slot:
            slot.record_success(Tokens(100))
        async with limiter.slot(Tokens(10)):
            return now() - started

    assert run_virtually(play()) > 60


def test_a_failed_request_counts_its_worst_case_and_a_refused_one_nothing():
    async def play():
        limiter, started = Limiter(Limits(tokens_per_minute=100)), now()
        async with limiter.slot(Tokens(60)) as slot:
            slot.record_rate_limit(0.0)
        async with limiter.slot(Tokens(60)):
            assert now() == started
        async with limiter.slot(Tokens(60)):
            return now() - started

    assert run_virtually(play()) > 60


@pytest.mark.parametrize(
    "reported", [Tokens(0, 0), Tokens(10**12, 1), Tokens(50, 10**12), Tokens(50, -3), Tokens(-1, 4)]
)
def test_implausible_usage_is_ignored(reported):
    async def play():
        limiter, started = Limiter(Limits(tokens_per_minute=10_000)), now()
        for _ in range(90):
            async with limiter.slot(Tokens(50, 50)) as slot:
                slot.record_success(reported)
        assert "9000/10000 tokens" in repr(limiter)
        return now() - started

    assert run_virtually(play()) == 0


def test_a_settlement_after_the_minute_changes_nothing():
    async def play():
        limiter = Limiter(Limits(tokens_per_minute=100))
        async with limiter.slot(Tokens(90)) as late:
            await asyncio.sleep(100)
            async with limiter.slot(Tokens(90)):
                late.record_success(Tokens(1))
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


def test_a_pause_is_reported_even_while_no_call_is_queued():
    async def play():
        limiter = Limiter(Limits())
        before = limiter.load.waiting_for
        limiter.pause(7)
        during = limiter.load.waiting_for
        await asyncio.sleep(8)
        return before, during, limiter.load.waiting_for

    assert run_virtually(play()) == (None, WaitReason.PAUSE, None)


def test_slots_are_given_out_in_fifo_order():
    async def play():
        limiter, order = Limiter(Limits(requests_per_minute=600, tokens_per_minute=1000, concurrency=3)), []

        async def send(number):
            async with limiter.slot(Tokens(200 if number % 3 else 900)):
                order.append(number)
                await asyncio.sleep(0.01)

        await asyncio.gather(*(send(number) for number in range(20)))
        return order

    assert run_virtually(play()) == list(range(20))


def test_only_one_call_polls_the_throttler(monkeypatch):
    polling = most_polling = 0
    acquire = Throttler.acquire

    async def counted(self):
        nonlocal polling, most_polling
        polling += 1
        most_polling = max(most_polling, polling)
        await acquire(self)
        polling -= 1

    monkeypatch.setattr(Throttler, "acquire", counted)
    limiter = Limiter(Limits(requests_per_minute=60, concurrency=500))
    run_virtually(send_for(limiter, 20, NOTHING, workers=500))
    assert most_polling == 1


@pytest.mark.parametrize(
    "limits",
    [
        Limits(concurrency=1),
        Limits(requests_per_minute=1, concurrency=4),
        Limits(tokens_per_minute=10, concurrency=4),
    ],
)
def test_closing_turns_away_calls_that_wait_for_a_slot_or_a_rate_or_tokens(limits):
    async def play():
        limiter, done = Limiter(limits), asyncio.Event()

        async def send():
            async with limiter.slot(Tokens(10)):
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
    assert shown.startswith("<Limiter 0/")
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
            async with limiter.slot(Tokens(10)):
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
