"""When an endpoint counts as down, and how it is probed; on a fake clock."""

from __future__ import annotations

from contextlib import suppress

import pytest

from prism_engine.backends.limits.outage import (
    FIRST_INTERVAL,
    LONGEST_INTERVAL,
    MIN_CALLS,
    MIN_FAILURES,
    START_PATIENCE,
    Outage,
)
from prism_engine.errors import DeadError, RejectedError, TransientError, UnreachableError


class Watched:
    """An outage detector, its clock, and requests with a given outcome."""

    def __init__(self, *, patience=3600.0, concurrency=16, answered=True):
        self.now = 100.0
        self.outage = Outage("here", lambda: self.now, patience=patience, concurrency=concurrency)
        if answered:
            self.end(None)

    def end(self, error, *, first=True):
        probe = self.outage.record_sent()
        with suppress(TransientError, RejectedError), self.outage.record_outcome(first=first):
            if error is not None:
                raise error
        if probe:
            self.outage.record_probe_end()

    def fail(self, times, *, first=True):
        for _ in range(times):
            self.end(TransientError("HTTP 500"), first=first)


def test_failures_in_a_row_of_different_calls_are_an_outage():
    watched = Watched()
    watched.fail(MIN_FAILURES - 1)
    assert not watched.outage.active
    watched.fail(1)
    assert watched.outage.active


@pytest.mark.parametrize(
    "between", [None, RejectedError("too long"), TransientError("slow down", rate_limited=True)], ids=str
)
def test_any_response_in_between_resets_the_count_and_ends_an_outage(between):
    watched = Watched()
    watched.fail(MIN_FAILURES - 1)
    watched.end(between)
    watched.fail(MIN_FAILURES - 1)
    assert not watched.outage.active
    watched.fail(1)
    watched.now += FIRST_INTERVAL
    watched.end(between)
    assert (watched.outage.active, watched.outage.delay()) == (False, 0.0)


def test_one_bad_call_is_no_outage_however_often_it_fails():
    watched = Watched()
    for _ in range(MIN_CALLS - 1):
        watched.fail(1)
        watched.fail(10, first=False)
    assert not watched.outage.active


def test_where_calls_go_one_by_one_one_call_is_enough():
    watched = Watched(concurrency=1)
    watched.fail(1)
    watched.fail(MIN_FAILURES - 1, first=False)
    assert watched.outage.active


def test_an_endpoint_without_patience_is_not_down():
    watched = Watched(patience=0.0)
    watched.fail(100)
    assert not watched.outage.active


def test_an_endpoint_that_has_returned_nothing_but_errors_is_given_up_after_a_minute():
    watched = Watched(answered=False)
    watched.fail(MIN_FAILURES)
    assert watched.outage.active
    watched.now += START_PATIENCE
    watched.outage.delay()
    watched.now += 1
    with pytest.raises(DeadError, match=r"has answered no call, only errors for 61 seconds.*HTTP 500"):
        watched.outage.delay()


def test_an_endpoint_that_answered_in_an_earlier_run_is_waited_for():
    watched = Watched(answered=False)
    watched.outage.record_earlier_answer()
    watched.fail(MIN_FAILURES)
    watched.now += 10 * START_PATIENCE
    assert watched.outage.delay() == 0.0


def test_an_address_to_which_no_connection_was_ever_made_is_not_down():
    watched = Watched(answered=False)
    for _ in range(100):
        watched.end(UnreachableError("refused"))
    assert not watched.outage.active


def test_probes_go_one_at_a_time_at_growing_intervals():
    watched, waits = Watched(patience=None), list[float]()
    watched.fail(MIN_FAILURES)
    for _ in range(10):
        wait = watched.outage.delay()
        assert wait is not None
        waits.append(wait)
        watched.now += wait
        assert watched.outage.delay() == 0
        assert watched.outage.record_sent()
        assert watched.outage.delay() is None
        with pytest.raises(TransientError), watched.outage.record_outcome(first=False):
            raise TransientError("HTTP 500")
        watched.outage.record_probe_end()
    assert waits[0] == FIRST_INTERVAL
    assert waits == [min(FIRST_INTERVAL * 2**n, LONGEST_INTERVAL) for n in range(10)]


def test_patience_has_an_end():
    watched = Watched(patience=600.0)
    watched.fail(MIN_FAILURES)
    watched.now += 600
    assert watched.outage.delay() == 0
    watched.now += 60
    with pytest.raises(DeadError, match=r"here has returned only errors for 11 minutes.*HTTP 500"):
        watched.outage.delay()


def test_time_in_which_the_run_was_paused_is_not_time_of_the_outage():
    watched = Watched(patience=3600.0)
    watched.fail(MIN_FAILURES)
    watched.now += 3000
    watched.outage.delay()
    watched.now += 86400
    watched.outage.record_pause(86400)
    assert watched.outage.delay() == 0.0
    watched.now += 700
    with pytest.raises(DeadError, match="for 62 minutes"):
        watched.outage.delay()


def test_an_outage_that_began_during_the_pause_is_not_from_the_future():
    watched = Watched(patience=3600.0)
    watched.fail(MIN_FAILURES)
    watched.outage.record_pause(5000)
    watched.now += 3500
    assert watched.outage.delay() == 0.0
    watched.now += 200
    with pytest.raises(DeadError):
        watched.outage.delay()


def test_where_more_calls_may_be_in_flight_than_before_more_of_them_must_fail():
    watched = Watched(concurrency=1)
    watched.outage.set_concurrency(16)
    watched.fail(1)
    watched.fail(2 * MIN_FAILURES, first=False)
    assert not watched.outage.active
