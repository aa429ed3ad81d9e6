"""When an endpoint counts as down, and how it is asked again; on a clock of our own."""

from __future__ import annotations

from contextlib import suppress

import pytest

from prism_engine.backends.limits.outage import CALLS, FAILURES, FIRST, LONGEST, Outage
from prism_engine.errors import DeadError, RejectedError, TransientError


class Watched:
    """An outage, its clock, and requests that end as they are told."""

    def __init__(self, *, patience=3600.0, concurrency=16, answered=True):
        self.now = 100.0
        self.outage = Outage("here", lambda: self.now, patience=patience, concurrency=concurrency)
        if answered:
            self.end(None)

    def end(self, error, *, first=True):
        probe = self.outage.send()
        with suppress(TransientError, RejectedError), self.outage.judging(first=first):
            if error is not None:
                raise error
        if probe:
            self.outage.probed()

    def fail(self, times, *, first=True):
        for _ in range(times):
            self.end(TransientError("HTTP 500"), first=first)


def test_failures_in_a_row_of_different_calls_are_an_outage():
    watched = Watched()
    watched.fail(FAILURES - 1)
    assert not watched.outage.on
    watched.fail(1)
    assert watched.outage.on


@pytest.mark.parametrize(
    "between", [None, RejectedError("too long"), TransientError("slow down", rate_limited=True)], ids=str
)
def test_any_answer_in_between_begins_the_count_anew_and_ends_an_outage(between):
    watched = Watched()
    watched.fail(FAILURES - 1)
    watched.end(between)
    watched.fail(FAILURES - 1)
    assert not watched.outage.on
    watched.fail(1)
    watched.now += FIRST
    watched.end(between)
    assert (watched.outage.on, watched.outage.delay()) == (False, 0.0)


def test_one_bad_call_is_no_outage_however_often_it_fails():
    watched = Watched()
    for _ in range(CALLS - 1):
        watched.fail(1)
        watched.fail(10, first=False)
    assert not watched.outage.on


def test_where_calls_go_one_by_one_one_call_is_enough():
    watched = Watched(concurrency=1)
    watched.fail(1)
    watched.fail(FAILURES - 1, first=False)
    assert watched.outage.on


def test_an_endpoint_that_never_answered_and_one_that_nobody_waits_for_are_not_down():
    for watched in (Watched(answered=False), Watched(patience=0.0)):
        watched.fail(100)
        assert not watched.outage.on


def test_probes_go_one_at_a_time_at_growing_intervals():
    watched, waits = Watched(patience=None), list[float]()
    watched.fail(FAILURES)
    for _ in range(10):
        wait = watched.outage.delay()
        assert wait is not None
        waits.append(wait)
        watched.now += wait
        assert watched.outage.delay() == 0
        assert watched.outage.send()
        assert watched.outage.delay() is None
        with pytest.raises(TransientError), watched.outage.judging(first=False):
            raise TransientError("HTTP 500")
        watched.outage.probed()
    assert waits[0] == FIRST
    assert waits == [min(FIRST * 2**n, LONGEST) for n in range(10)]


def test_patience_has_an_end():
    watched = Watched(patience=600.0)
    watched.fail(FAILURES)
    watched.now += 600
    assert watched.outage.delay() == 0
    watched.now += 60
    with pytest.raises(DeadError, match=r"here has answered nothing but errors for 11 minutes.*HTTP 500"):
        watched.outage.delay()
