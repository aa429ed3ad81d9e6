"""Counters and busy time, on a clock of our own."""

from __future__ import annotations

from prism_engine.records import Completion, Outcome, Usage
from prism_engine.stages.meter import Meter


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


def test_hits_count_as_tokens_saved_and_calls_as_tokens_spent():
    meter = Meter()
    usage = Usage(prompt_tokens=10, completion_tokens=5)
    meter.count_hit(Completion(Outcome.OK, "x", usage=usage))
    meter.count_call(Completion(Outcome.OK, "x", usage=usage))
    meter.count_call(Completion(Outcome.ERROR))
    assert (meter.hits, meter.calls, meter.failed) == (1, 2, 1)
    assert (meter.saved_tokens, meter.prompt_tokens, meter.completion_tokens) == (15, 10, 5)
