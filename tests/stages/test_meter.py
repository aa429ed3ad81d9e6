"""Counters and busy time, on a simulated clock."""

from __future__ import annotations

import pytest

from prism_engine.backends.load import LimitUsage, Load, WaitReason
from prism_engine.records import Completion, Outcome, Usage
from prism_engine.stages.meter import LARGEST_COUNT, Meter


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_busy_time_is_the_time_with_at_least_one_call_in_flight():
    clock = Clock()
    meter = Meter(clock=clock)
    with meter.flying():
        clock.now = 2.0
        with meter.flying():
            clock.now = 3.0
        assert (meter.in_flight, meter.busy_seconds) == (1, 3.0)
        clock.now = 5.0
    clock.now = 100.0
    with meter.flying():
        clock.now = 101.0
        assert meter.busy_seconds == 6.0
    assert (meter.in_flight, meter.busy_seconds) == (0, 6.0)


def test_rates_count_from_the_first_answer_so_that_start_up_does_not_count():
    clock = Clock()
    meter = Meter(clock=clock)
    assert meter.snapshot()["calls_per_second"] is None
    answer = Completion(Outcome.OK, "x", usage=Usage(completion_tokens=30))
    with meter.flying():
        clock.now = 100.0
        meter.count_call(answer)
        assert meter.snapshot()["calls_per_second"] is None
        for _ in range(10):
            clock.now += 0.5
            meter.count_call(answer)
    clock.now += 1000.0
    assert (meter.calls_per_second, meter.tokens_per_second) == (2.0, 60.0)


def test_answers_that_arrive_together_have_no_rate():
    clock = Clock()
    meter = Meter(clock=clock)
    with meter.flying():
        clock.now = 3.0
        for _ in range(6):
            meter.count_call(Completion(Outcome.OK, "x", usage=Usage(completion_tokens=4)))
            clock.now += 0.0002
    assert (meter.calls, meter.calls_per_second, meter.tokens_per_second) == (6, None, None)


def test_a_snapshot_has_the_backend_s_limits():
    load = Load(WaitReason.TOKENS, {"tokens_per_minute": LimitUsage(30, 40)})
    snapshot = Meter(load=lambda: load).snapshot()
    assert (snapshot["waiting_for"], snapshot["limits"]) == (
        "tokens_per_minute",
        {"tokens_per_minute": {"used": 30, "limit": 40}},
    )


def test_hits_count_as_tokens_saved_and_calls_as_tokens_spent():
    meter = Meter()
    usage = Usage(prompt_tokens=10, completion_tokens=5)
    meter.count_hit(Completion(Outcome.OK, "x", usage=usage))
    meter.count_call(Completion(Outcome.OK, "x", usage=usage))
    meter.count_call(Completion(Outcome.ERROR))
    assert (meter.hits, meter.calls, meter.failed) == (1, 2, 1)
    assert (meter.saved_tokens, meter.prompt_tokens, meter.completion_tokens) == (15, 10, 5)


def test_multiple_runs_are_also_counted_together():
    clock = Clock()
    whole = Meter(clock=clock)
    one, other = Meter(clock=clock, whole=whole), Meter(clock=clock, whole=whole)
    with one.flying():
        clock.now = 2.0
        with other.flying():
            clock.now = 3.0
    assert (one.busy_seconds, other.busy_seconds, whole.busy_seconds) == (3.0, 1.0, 3.0)
    one.count_call(Completion(Outcome.OK, "x"))
    other.count_hit(Completion(Outcome.OK, "x"))
    other.count_shared(Completion(Outcome.OK, "x"))
    assert (whole.calls, whole.hits, whole.shared) == (1, 1, 1)


@pytest.mark.parametrize("tokens", [2**64 - 1, LARGEST_COUNT + 1, -5])
def test_counts_that_cannot_be_true_are_not_added_to_the_tokens(tokens):
    meter, absurd = Meter(), Completion(Outcome.OK, "x", usage=Usage(tokens, tokens))
    for _ in range(3):
        meter.count_call(absurd)
        meter.count_hit(absurd)
    meter.count_call(Completion(Outcome.OK, "x", usage=Usage(10, 5)))
    assert (meter.prompt_tokens, meter.completion_tokens, meter.saved_tokens) == (10, 5, 0)
    assert meter.implausible == meter.snapshot()["implausible_usage"] == 6
    assert meter.tokens_are_absurd


def test_a_rate_that_cannot_be_true_is_not_shown():
    clock = Clock()
    meter = Meter(clock=clock)
    reply = Completion(Outcome.OK, "x", usage=Usage(10, LARGEST_COUNT))
    with meter.flying():
        meter.count_call(reply)
        clock.now = 1.0
        meter.count_call(reply)
        meter.count_call(reply)
        early = meter.tokens_per_second, meter.tokens_are_absurd
        clock.now = 100.0
        late = meter.tokens_per_second, meter.tokens_are_absurd
    assert early == (None, True)
    assert late == (2 * LARGEST_COUNT / 100, False)
