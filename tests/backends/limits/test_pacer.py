from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.backends.limits.expectation import Tokens
from prism_engine.backends.limits.pacer import LONGEST_PAUSE, Pacer
from prism_engine.backends.limits.rate_headers import Allowance, read_allowances
from prism_engine.chaos.rate_limits import LimitChange, Quota, RateLimits


def longest_delay(pacer, now, worst, *, alone=False):
    return max((seconds for _, seconds in pacer.delays(now, worst, alone=alone)), default=0.0)


class BucketServer:
    """The chaos server's buckets, without HTTP."""

    def __init__(self, limits):
        self.now = 0.0
        self.quota = Quota(limits, lambda: self.now)

    def admit(self, now, worst):
        self.now = now
        return self.quota.admit(sum(worst)) is None

    def settle(self, now, worst, used):
        self.now = now
        self.quota.settle(sum(worst), sum(used))

    def headers(self, now):
        self.now = now
        return read_allowances(self.quota.headers(), 0.0)


@dataclass
class WindowServer:
    """A fixed window: `limit` requests per minute of the clock, as in many gateways; resets in whole seconds."""

    limit: int
    rounded: bool = True
    window: int = -1
    count: int = 0

    def roll(self, now):
        if now // 60 != self.window:
            self.window, self.count = int(now // 60), 0

    def admit(self, now, worst):
        self.roll(now)
        if self.count >= self.limit:
            return False
        self.count += 1
        return True

    def settle(self, now, worst, used):
        pass

    def headers(self, now):
        self.roll(now)
        reset = 60 - now % 60
        return [
            Allowance("requests", "", self.limit, self.limit - self.count, -(-reset // 1) if self.rounded else reset)
        ]


@dataclass
class Traffic:
    sent: list[float]
    refused: list[float]

    def rate(self, since, until):
        good = [at for at in self.sent if since <= at < until]
        return len(good) / (until - since) * 60


class Simulation:
    """A client that always has more to send and obeys the pacer alone; four requests before the first answer."""

    def __init__(self, server, *, latency=0.5, stamped="late", dice=None):
        self.server, self.latency, self.stamped, self.dice = server, latency, stamped, dice or random.Random(1)
        self.pacer, self.traffic, self.worst = Pacer(), Traffic([], []), Tokens(100, 400)
        self.in_flight, self.at_once, self.wake = 0, 4, float("inf")
        self.order, self.events = itertools.count(), []

    def push(self, at, what, *facts):
        heapq.heappush(self.events, (at, next(self.order), what, facts))

    def trip(self):
        return self.dice.uniform(0.01, 0.02)

    def arrive(self, now, request):
        if self.server.admit(now, self.worst):
            self.traffic.sent.append(now)
            self.push(now + self.latency * self.dice.uniform(0.5, 1.5), self.finish, request, self.server.headers(now))
        else:
            self.traffic.refused.append(now)
            self.push(now + self.trip(), self.answer, request, self.server.headers(now))

    def finish(self, now, request, early):
        self.server.settle(now, self.worst, Tokens(100, 50))
        allowances = early if self.stamped == "early" else self.server.headers(now)
        self.push(now + self.trip(), self.answer, request, allowances)

    def answer(self, now, request, allowances):
        self.in_flight, self.at_once = self.in_flight - 1, 64
        self.pacer.record_headers(request, now, allowances)

    def send(self, now):
        while self.in_flight < self.at_once:
            if (wait := longest_delay(self.pacer, now, self.worst, alone=not self.in_flight)) > 0:
                if now + wait < self.wake:
                    self.wake = now + wait
                    self.push(self.wake, lambda now: None)
                break
            self.in_flight += 1
            self.push(now + self.trip(), self.arrive, self.pacer.record_sent(now, self.worst))

    def run(self, seconds):
        self.push(0.0, lambda now: None)
        now = 0.0
        while now < seconds:
            now, _, happen, facts = heapq.heappop(self.events)
            self.wake = self.wake if self.wake > now else float("inf")
            happen(now, *facts)
            self.send(now)
        return self.traffic


def simulate(server, *, seconds=180.0, **how):
    return Simulation(server, **how).run(seconds)


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from(["early", "late"]),
    st.sampled_from([0.1, 1.0, 3.0]),
    st.sampled_from(["reserved", "used"]),
    st.sampled_from([30.0, 60.0]),
)
def test_a_bucket_is_used_up_and_never_overdrawn(seed, stamped, latency, count, burst):
    limits = RateLimits(requests_per_minute=300, tokens_per_minute=60_000, count=count, burst=burst)
    traffic = simulate(BucketServer(limits), stamped=stamped, latency=latency, dice=random.Random(seed))
    assert traffic.refused == []
    possible = 60_000 / (500 if count == "reserved" else 300)
    assert traffic.rate(90, 180) >= 0.95 * min(possible, 300)


@pytest.mark.parametrize("stamped", ["early", "late"])
@pytest.mark.parametrize("latency", [0.1, 0.5])
def test_a_bucket_that_holds_only_seconds_is_used_as_well(latency, stamped):
    traffic = simulate(BucketServer(RateLimits(requests_per_minute=600, burst=2.0)), stamped=stamped, latency=latency)
    assert traffic.refused == []
    assert traffic.rate(60, 180) >= 0.9 * 600


@pytest.mark.parametrize("rounded", [True, False])
@pytest.mark.parametrize("latency", [0.1, 3.0])
def test_a_fixed_window_is_used_up_and_never_overdrawn(latency, rounded):
    traffic = simulate(WindowServer(200, rounded=rounded), latency=latency)
    assert traffic.refused == []
    assert len(traffic.sent) >= 0.97 * 200 * 3


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.floats(20, 100), st.sampled_from([0.2, 2.0]))
def test_limits_that_are_halved_midway_are_followed(seed, at, latency):
    limits = RateLimits(requests_per_minute=600, changes=(LimitChange(0.5, after_seconds=at),))
    traffic = simulate(BucketServer(limits), latency=latency, dice=random.Random(seed), seconds=at + 130)
    assert [late for late in traffic.refused if late > at + 10] == []
    assert len(traffic.refused) <= 10
    assert traffic.rate(at + 70, at + 130) >= 0.95 * 300


def test_headers_that_never_come_delay_nothing():
    pacer = Pacer()
    for _ in range(1000):
        assert longest_delay(pacer, 1.0, Tokens(10**6, 10**6)) == 0
        pacer.record_sent(1.0, Tokens(10**6, 10**6))


def test_an_allowance_that_is_spent_for_hours_is_left_to_the_server_to_refuse():
    pacer = Pacer()
    request = pacer.record_sent(0.0, Tokens(1, 1))
    pacer.record_headers(request, 1.0, [Allowance("requests", "day", 1000, 0, LONGEST_PAUSE + 60)])
    assert longest_delay(pacer, 2.0, Tokens(1, 1)) == 0
    assert LONGEST_PAUSE - 10 < longest_delay(pacer, 55.0 + 10, Tokens(1, 1)) <= LONGEST_PAUSE


def test_requests_without_answers_block_nothing_forever():
    pacer, now = Pacer(), 0.0
    request = pacer.record_sent(now, Tokens(10, 10))
    pacer.record_headers(request, now, [Allowance("requests", "", 10, 9, 6.0, continuous=True)])
    for _ in range(9):
        assert longest_delay(pacer, now, Tokens(10, 10)) <= 0.11
        pacer.record_sent(now, Tokens(10, 10))
    assert 5 < longest_delay(pacer, now, Tokens(10, 10)) <= 7
    assert longest_delay(pacer, now + 60, Tokens(10, 10)) == 0


ALLOWANCES = st.builds(
    Allowance,
    st.sampled_from(["requests", "tokens", "input-tokens", "output-tokens"]),
    st.sampled_from(["", "second", "minute", "day"]),
    st.none() | st.floats(0, 1e15),
    st.floats(0, 1e15),
    st.none() | st.floats(0, 1e15),
    st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.lists(ALLOWANCES, max_size=4), st.floats(0, 100), st.floats(0, 100)), max_size=20))
def test_the_next_request_is_sent_within_bounds_whatever_the_server_reports(readings):
    pacer, now = Pacer(), 0.0
    for allowances, idle, took in readings:
        now += idle
        request = pacer.record_sent(now, Tokens(10, 10))
        now += took
        pacer.record_headers(request, now, allowances)
        assert 0 <= longest_delay(pacer, now, Tokens(10, 10)) <= LONGEST_PAUSE
    for _ in range(10_000):
        wait = longest_delay(pacer, now, Tokens(10, 10))
        if not wait:
            break
        now += wait
    assert longest_delay(pacer, now, Tokens(10, 10)) == 0


def test_a_limit_of_which_only_a_refusal_has_reported_is_no_limit_after_its_reset():
    pacer = Pacer()
    worst = Tokens(10, 10)
    request = pacer.record_sent(0.0, worst)
    pacer.record_headers(request, 0.1, [Allowance("requests", "", None, 0.0, 2.0)])
    assert longest_delay(pacer, 1.0, worst) > 1
    for number in range(30):
        assert longest_delay(pacer, 2.2 + number / 100, worst) == 0
        pacer.record_sent(2.2 + number / 100, worst)
