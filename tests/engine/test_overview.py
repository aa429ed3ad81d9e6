"""Combined progress of multiple runs."""

from __future__ import annotations

import pytest

from prism_engine.engine.overview import Overview
from prism_engine.engine.progress import Progress
from prism_engine.stages.meter import Meter


def made(*, answering=True):
    one = Progress(10, Meter(), Meter() if answering else None, name="one")
    other = Progress(20, None, Meter() if answering else None, name="other")
    one.done, one.failed, one.scored, one.correct = 4, 1, 4, 3.0
    other.done, other.not_run, other.scored, other.correct = 5, 2, 4, 1.0
    one.failures["x"], other.failures["x"] = 1, 2
    one.cached, one._worked, other._worked = 2, 3, 7
    return Overview([one, other], Meter(calls=3), Meter(calls=9)), one, other


def test_counts_are_summed_up():
    overview, one, other = made()
    one.ended, other.ended = one.started + 10, other.started + 5
    assert (overview.total, overview.done, overview.failed, overview.not_run, overview.finished) == (30, 9, 1, 2, 12)
    assert (overview.scored, overview.correct, overview.failures["x"]) == (8, 4.0, 3)
    assert overview.eta_seconds == pytest.approx(18)  # cached samples do not count towards the pace


def test_a_stage_that_no_run_has_is_none():
    overview, _, _ = made(answering=False)
    assert (overview.describing is not None, overview.answering) == (True, None)


def test_its_name_says_how_many_are_finished_and_a_snapshot_has_each():
    overview, one, _ = made()
    assert overview.name == "2 runs, 0 finished"
    one.end()
    assert overview.name == "2 runs, 1 finished"
    snapshot = overview.snapshot()
    assert snapshot["samples"] == {"total": 30, "done": 9, "cached": 2, "failed": 1, "not_run": 2}
    assert snapshot["runs"] == {"one": "5/10", "other": "7/20"}
    assert (snapshot["right_so_far"], snapshot["answer"]["calls"]) == (0.5, 9)


def test_a_run_that_is_over_takes_no_more_time():
    _, one, _ = made()
    one.end()
    assert one.seconds == one.seconds


def test_after_a_stop_there_is_no_remaining_time():
    overview, _, _ = made()
    overview.stop()
    assert overview.eta_seconds is None
