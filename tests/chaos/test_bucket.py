from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.chaos.bucket import SECOND, Bucket

MINUTE = 60 * SECOND
RATES = st.integers(1, 10**6)
BURSTS = st.integers(0, 2 * MINUTE)
VISITS = st.lists(st.tuples(st.integers(0, MINUTE), st.integers(0, 2000)), max_size=25)
"""Nanoseconds since the previous visit, requested tokens."""


def size_of(rate, burst):
    return max(rate * burst / MINUTE, 1)


@settings(deadline=None, max_examples=120)
@given(RATES, BURSTS, VISITS)
def test_no_window_ever_admits_more_than_the_size_and_the_refill(rate, burst, visits):
    bucket, now, admitted = Bucket(rate, burst), 0, []
    for pause, tokens in visits:
        now += pause
        if bucket.wait(now, tokens) == 0:
            bucket.take(tokens)
            admitted.append((now, tokens))
    size = max(rate * burst, MINUTE)
    for first, (began, _) in enumerate(admitted):
        total = 0
        for at, tokens in admitted[first:]:
            total += tokens
            assert total * MINUTE <= size + rate * (at - began)  # exact: integers


@settings(deadline=None, max_examples=120)
@given(RATES, BURSTS, VISITS)
def test_a_waiting_request_fits_after_exactly_that_time_and_no_sooner(rate, burst, visits):
    bucket, now = Bucket(rate, burst), 0
    for pause, tokens in visits:
        now += pause
        wait = bucket.wait(now, tokens)
        assert (wait is None) == (tokens > size_of(rate, burst))
        if wait:
            assert bucket.wait(now + wait - 1, tokens) == 1
            assert bucket.wait(now + wait, tokens) == 0
            now += wait
        if wait is not None:
            bucket.take(tokens)


@settings(deadline=None, max_examples=120)
@given(RATES, BURSTS, VISITS)
def test_it_is_full_again_exactly_when_it_says(rate, burst, visits):
    bucket, now = Bucket(rate, burst), 0
    full = bucket.remaining(now)
    assert full == int(size_of(rate, burst))
    for pause, tokens in visits:
        now += pause
        bucket.take(tokens)  # or all that are available
        left = bucket.full_in(now)
        if left:
            assert bucket.full_in(now + left - 1) == 1
        now += left
        assert bucket.full_in(now) == 0
        assert bucket.remaining(now) == full


def test_a_clock_that_is_set_back_neither_fills_nor_empties_it():
    bucket = Bucket(60)
    assert bucket.wait(MINUTE, 1) == 0
    bucket.take(60)
    assert bucket.remaining(0) == 0
    assert bucket.remaining(MINUTE + SECOND) == 1


def test_tokens_that_are_put_back_fit_in_or_are_lost():
    bucket = Bucket(10)
    assert bucket.wait(0, 4) == 0
    bucket.take(4)
    bucket.put_back(3)
    assert bucket.remaining(0) == 9
    bucket.put_back(3)
    assert bucket.remaining(0) == 10


def test_a_changed_limit_refills_at_the_new_rate_and_holds_less():
    bucket = Bucket(60)
    bucket.change(0, 30)
    assert bucket.remaining(0) == 30
    bucket.take(30)
    assert bucket.wait(SECOND, 1) == SECOND
    bucket.change(2 * SECOND, 60)
    assert [bucket.remaining(at * SECOND) for at in (2, 3, 4)] == [1, 2, 3]


def test_a_burst_of_a_second_is_hardly_more_than_an_even_rate():
    bucket = Bucket(120, SECOND)
    assert bucket.remaining(0) == 2
    assert Bucket(6, 0).remaining(0) == 1  # one always fits
