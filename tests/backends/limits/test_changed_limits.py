"""The limiter while its limits change or it is held: what is sent in any minute, and when."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from prism_engine.backends.limits.expectation import Tokens
from prism_engine.backends.limits.limiter import Limiter
from prism_engine.backends.limits.shared_quota import SharedQuota
from prism_engine.backends.load import WaitReason
from prism_engine.config import Limits
from prism_engine.errors import NotRunError
from tests.backends.traffic import largest_sum, send_for, weighed
from tests.virtual_time import now, run_virtually

JOB = (Tokens(40, 60), Tokens(40, 60), 1.0)


def sent_with(limiter, seconds, *, workers=64, changes=()):
    """Send jobs for some seconds; `changes` are (second, function)."""

    async def run():
        start = now()

        async def change():
            for second, apply in changes:
                await asyncio.sleep(max(start + second - now(), 0))
                apply()

        changing = asyncio.create_task(change())
        sent = await send_for(limiter, seconds, itertools.repeat(JOB), workers=workers)
        await changing
        return start, sent

    start, sent = run_virtually(run())
    return [(at - start, tokens) for at, tokens in sent]


def between(sent, first, last):
    return sum(first <= at < last for at, _ in sent)


def test_a_raised_rate_is_used_within_a_second_and_a_lowered_one_holds_in_every_minute():
    limiter = Limiter(Limits(requests_per_minute=1))
    changes = [
        (10, lambda: limiter.change_limits(Limits(requests_per_minute=600))),
        (130, lambda: limiter.change_limits(Limits(requests_per_minute=60))),
    ]
    sent = sent_with(limiter, 320, changes=changes)
    assert between(sent, 0, 10) == 1
    assert between(sent, 10, 11) >= 5
    assert between(sent, 70, 130) >= 0.95 * 600
    assert between(sent, 130, 183) == 0  # the last minute has used more than the new limit
    assert largest_sum([(at, 1) for at, _ in sent if at > 190], 60) <= 60
    assert between(sent, 200, 320) >= 0.9 * 2 * 60


def test_a_token_limit_is_changed_and_added_while_requests_are_in_flight():
    limiter = Limiter(Limits(tokens_per_minute=100_000))
    changes = [
        (30, lambda: limiter.change_limits(Limits(tokens_per_minute=6_000))),
        (200, lambda: limiter.change_limits(Limits(tokens_per_minute=100_000, input_tokens_per_minute=4_000))),
    ]
    sent = sent_with(limiter, 380, changes=changes)
    assert largest_sum(weighed([one for one in sent if 95 < one[0] < 200]), 60) <= 6_000
    assert largest_sum(weighed([one for one in sent if one[0] > 201], "input"), 60) <= 4_000
    assert sum(tokens for _, tokens in weighed([one for one in sent if one[0] > 200], "input")) >= 0.7 * 3 * 4_000


def test_a_rate_is_added_where_there_was_none():
    limiter = Limiter(Limits())
    sent = sent_with(limiter, 200, changes=[(5, lambda: limiter.change_limits(Limits(requests_per_minute=30)))])
    assert between(sent, 0, 5) > 100
    assert largest_sum([(at, 1) for at, _ in sent if at > 66], 60) <= 30


def test_concurrency_is_raised_and_lowered():
    limiter, most = Limiter(Limits(concurrency=1)), []

    def change(concurrency):
        most.append(limiter.in_flight)
        limiter.change_limits(Limits(concurrency=concurrency))

    sent = sent_with(limiter, 30, changes=[(10, lambda: change(20)), (20, lambda: change(3)), (25, lambda: change(3))])
    assert most == [1, 20, 3]
    assert between(sent, 0, 10) == 10
    assert between(sent, 10, 20) >= 180


def test_a_held_limiter_sends_nothing_and_goes_on_in_order():
    limiter = Limiter(Limits(requests_per_minute=600))
    sent = sent_with(limiter, 30, changes=[(10, lambda: limiter.hold(on=True)), (20, lambda: limiter.hold(on=False))])
    assert between(sent, 0, 10) > 90
    assert between(sent, 10, 20) == 0
    assert between(sent, 20, 30) > 90


def test_a_held_limiter_says_so_and_closes_at_once():
    async def run():
        limiter = Limiter(Limits())
        limiter.hold(on=True)

        async def send():
            async with limiter.slot():
                raise AssertionError

        task = asyncio.create_task(send())
        await asyncio.sleep(1)
        assert limiter.load.waiting_for is WaitReason.HELD
        limiter.close()
        with pytest.raises(NotRunError):
            await task

    run_virtually(run())


def test_a_shared_quota_keeps_the_new_limit(tmp_path):
    clock = [1000.0]
    quota = SharedQuota(tmp_path / "limits.sqlite", "s", {"requests": 600}, window=60.0, clock=lambda: clock[0])
    assert not isinstance(quota.take({"requests": 1}), float)  # leases ten
    quota.change_limits({"requests": 3})
    taken = 0
    while not isinstance(quota.take({"requests": 1}), float):
        taken += 1
    assert taken == 2
    quota.change_limits({"requests": 5, "tokens": 1000})
    assert not isinstance(quota.take({"requests": 1, "tokens": 900}), float)
    assert isinstance(quota.take({"requests": 1, "tokens": 900}), float)
    quota.close()
