from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.chaos.rate_limits import LimitChange, Quota, RateLimits, duration


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def quota(clock=None, **limits):
    return Quota(RateLimits(**limits), clock or Clock())


def admitted(one, count, tokens=1):
    return sum(one.admit(tokens) is None for _ in range(count))


@settings(deadline=None, max_examples=80)
@given(
    st.integers(1, 100),
    st.integers(1, 5000),
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 3000)), max_size=25),
)
def test_both_limits_hold_in_any_window_and_a_refusal_s_wait_is_right(requests, tokens, visits):
    clock = Clock()
    one = quota(clock, requests_per_minute=requests, tokens_per_minute=tokens)
    passed = []
    for pause, requested in visits:
        clock.now += pause
        refusal = one.admit(requested)
        if refusal is not None and refusal.wait is not None:
            clock.now += refusal.wait + 1e-6  # the clock itself is a float
            assert one.admit(requested) is None
        if refusal is None or refusal.wait is not None:
            passed.append((clock.now, requested))
        else:
            assert requested > tokens
    for first, (began, _) in enumerate(passed):
        for last, (at, _) in enumerate(passed[first:], first):
            assert last - first + 1 <= requests + requests * (at - began) / 60 + 1e-6
            assert sum(one for _, one in passed[first : last + 1]) <= tokens + tokens * (at - began) / 60 + 1e-3


def test_what_is_refused_for_one_limit_takes_nothing_from_the_other():
    one = quota(requests_per_minute=10, tokens_per_minute=100)
    refusal = one.admit(101)
    assert refusal is not None
    assert (refusal.kind, refusal.wait) == ("tokens", None)
    assert "too large" in str(refusal)
    assert admitted(one, 20, 10) == 10
    assert one.headers()["x-ratelimit-remaining-tokens"] == "0"


def test_refused_requests_may_count_so_that_hammering_never_succeeds():
    clock = Clock()
    one = quota(clock, requests_per_minute=60, burst=1, count_refused=True)
    assert one.admit(0) is None
    for _ in range(50):
        clock.now += 0.9
        assert one.admit(0) is not None
    clock.now += 1
    assert one.admit(0) is None


def test_tokens_reserved_are_gone_or_given_back_as_told():
    for count, left in (("reserved", "0"), ("used", "70")):
        one = quota(tokens_per_minute=100, count=count)
        assert one.admit(100) is None
        one.settle(100, 30)
        assert one.headers()["x-ratelimit-remaining-tokens"] == left


def test_the_headers_are_openais():
    one = quota(requests_per_minute=60, tokens_per_minute=6000)
    one.admit(1500)
    assert one.headers() == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-limit-tokens": "6000",
        "x-ratelimit-remaining-tokens": "4500",
        "x-ratelimit-reset-tokens": "15s",
    }
    assert quota().headers() == {}


def test_limits_are_halved_some_seconds_after_the_first_request():
    clock = Clock()
    one = quota(clock, requests_per_minute=60, burst=0, changes=(LimitChange(after_seconds=10),))
    clock.now += 500  # no request has come yet
    seen = []
    for _ in range(20):
        seen.append(one.admit(0) is None)
        clock.now += 1
    assert seen == [True] * 11 + [False, True] * 4 + [False]
    assert one.headers()["x-ratelimit-limit-requests"] == "30"


def test_limits_change_after_some_requests_including_refused_ones():
    one = quota(requests_per_minute=8, changes=(LimitChange(after_requests=3), LimitChange(4.0, after_requests=6)))
    limits = []
    for _ in range(8):
        limits.append(one.headers()["x-ratelimit-limit-requests"])
        one.admit(0)
    assert limits == ["8"] * 3 + ["4"] * 3 + ["16"] * 2


def test_changes_apply_at_their_own_time_however_late_they_are_noticed():
    clock = Clock()
    late = LimitChange(0.1, after_seconds=30), LimitChange(0.5, after_seconds=20)
    one = quota(clock, tokens_per_minute=600, changes=late)
    assert one.admit(600) is None
    clock.now += 30  # 20 s at 10 per second, 10 s at 5 per second, now 0.5 per second and room for 30
    assert one.headers()["x-ratelimit-remaining-tokens"] == "30"
    assert one.headers()["x-ratelimit-limit-tokens"] == "30"


def test_a_limit_never_becomes_less_than_one():
    one = quota(requests_per_minute=1, changes=(LimitChange(after_requests=0),))
    assert one.headers()["x-ratelimit-limit-requests"] == "1"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"),
        (0.12, "120ms"),
        (0.0001, "1ms"),
        (0.9999, "1s"),
        (1, "1s"),
        (8.64, "8.64s"),
        (59.9999, "1m0s"),
        (72.5, "1m12.5s"),
        (360, "6m0s"),
        (3600, "1h0m0s"),
        (86399.001, "23h59m59.001s"),
    ],
)
def test_times_are_written_as_openai_writes_them(seconds, text):
    assert duration(seconds) == text
