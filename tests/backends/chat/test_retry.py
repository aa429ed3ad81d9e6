from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.backends.chat.retry import BASE, CAP, SPREAD, backoff, retried
from prism_engine.errors import DeadError, NotRunError, RejectedError, TimedOutError, TransientError


class Script:
    """Raises or returns one given step per attempt; records the sleeps."""

    def __init__(self, *steps):
        self.steps, self.numbers, self.sleeps = steps, [], []

    async def attempt(self, number):
        self.numbers.append(number)
        step = self.steps[number - 1]
        if isinstance(step, Exception):
            raise step
        return step

    async def sleep(self, seconds):
        self.sleeps.append(seconds)


async def test_a_transient_error_is_retried_until_it_succeeds():
    script = Script(TransientError("one"), TransientError("two"), "done")
    assert await retried(script.attempt, attempts=5, sleep=script.sleep) == "done"
    assert script.numbers == [1, 2, 3]
    assert len(script.sleeps) == 2


async def test_the_last_error_comes_out_when_the_attempts_are_used_up():
    script = Script(*(TransientError(str(n)) for n in range(9)))
    with pytest.raises(TransientError, match=r"^3$"):
        await retried(script.attempt, attempts=4, sleep=script.sleep)
    assert script.numbers == [1, 2, 3, 4]
    assert len(script.sleeps) == 3


@pytest.mark.parametrize("error", [RejectedError("no"), DeadError("dead"), NotRunError("late"), ValueError("bug")])
async def test_nothing_else_is_retried(error):
    script = Script(error, "never")
    with pytest.raises(type(error)):
        await retried(script.attempt, attempts=5, sleep=script.sleep)
    assert script.numbers == [1]
    assert script.sleeps == []


async def test_a_sleep_that_is_interrupted_ends_the_call():
    script = Script(TransientError("busy"), "never")

    async def interrupted(seconds):
        raise NotRunError("draining")

    with pytest.raises(NotRunError, match="draining"):
        await retried(script.attempt, attempts=5, sleep=interrupted)
    assert script.numbers == [1]


def wait_after(attempt, error):
    outcome = SimpleNamespace(exception=lambda: error)
    return backoff(SimpleNamespace(attempt_number=attempt, outcome=outcome))  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 50), st.floats(0, 500))
def test_no_retry_comes_before_the_time_that_the_server_named(attempt, retry_after):
    wait = wait_after(attempt, TransientError("busy", retry_after=retry_after, rate_limited=True))
    assert retry_after <= wait <= max(retry_after + SPREAD, CAP)


def test_seven_seconds_are_not_retried_before_seven_and_are_before_eight_and_a_half():
    waits = [wait_after(1, TransientError("busy", retry_after=7.0)) for _ in range(500)]
    assert min(waits) >= 7.0
    assert max(waits) < 8.5


def test_without_a_named_time_waits_are_random_and_their_bound_doubles_up_to_a_cap():
    for attempt, bound in ((1, BASE), (2, 2 * BASE), (4, 8 * BASE), (40, CAP)):
        waits = [wait_after(attempt, TransientError("broken")) for _ in range(500)]
        assert bound / 2 < max(waits) <= bound
        assert min(waits) < bound / 2


async def test_rate_limit_errors_do_not_count_as_attempts():
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    async def attempt(number):
        if number <= 20:
            raise TransientError("slow down", rate_limited=True, retry_after=1.0)
        return number

    assert await retried(attempt, attempts=2, sleep=sleep) == 21
    assert len(slept) == 20


async def test_other_failures_between_rate_limit_errors_still_count():
    async def sleep(_seconds):
        pass

    async def attempt(number):
        raise TransientError("busy", rate_limited=number % 2 == 0)

    with pytest.raises(TransientError):
        await retried(attempt, attempts=3, sleep=sleep)


async def test_patience_with_the_rate_limit_ends():
    async def sleep(_seconds):
        pass

    async def attempt(_number):
        raise TransientError("slow down", rate_limited=True, retry_after=100.0)

    with pytest.raises(TransientError, match="slow down"):
        await retried(attempt, attempts=2, sleep=sleep)


async def test_a_timeout_counts_as_two_attempts():
    script = Script(*(TimedOutError("slow") for _ in range(9)))
    with pytest.raises(TimedOutError):
        await retried(script.attempt, attempts=6, sleep=script.sleep)
    assert script.numbers == [1, 2, 3]


async def test_timeouts_of_an_outage_do_not_count():
    script = Script(*(TimedOutError("slow") for _ in range(9)), "done")
    assert await retried(script.attempt, attempts=2, sleep=script.sleep, excused=lambda: True) == "done"


async def test_a_rate_limit_that_only_this_call_meets_counts():
    script = Script(*(TransientError("slow down", rate_limited=True) for _ in range(9)), "done")
    with pytest.raises(TransientError):
        await retried(script.attempt, attempts=3, sleep=script.sleep, refused_alone=lambda: True)
    assert script.numbers == [1, 2, 3]
