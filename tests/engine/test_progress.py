"""Progress counts, as a display reads them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import orjson
import pytest

from prism_engine.backends.load import Load
from prism_engine.engine.progress import MAX_COMMANDS, Progress, SmoothEstimate
from prism_engine.records import Completion, Outcome, Sample, SampleResult, SampleStatus, Score, StepRecord
from prism_engine.stages.meter import Meter

if TYPE_CHECKING:
    from prism_engine.stage import StageKey

SAMPLE = Sample(0, "0", (), "?")


def test_every_status_and_score_is_counted_separately():
    progress = Progress(5, {"perceive": Meter()})
    progress.count(SampleResult(SAMPLE, SampleStatus.DONE, score=Score(1.0, "A")))
    progress.count(SampleResult(SAMPLE, SampleStatus.DONE, score=Score(None)))
    progress.count(SampleResult(SAMPLE, SampleStatus.FAILED))
    progress.count(SampleResult(SAMPLE, SampleStatus.NOT_RUN))
    assert (progress.done, progress.failed, progress.not_run, progress.finished) == (2, 1, 1, 4)
    assert (progress.scored, progress.correct) == (1, 1.0)
    assert progress.cached == 2


class Clock:
    now = 50.0

    def __call__(self):
        return self.now


def result(*, fresh):
    return SampleResult(
        SAMPLE, SampleStatus.DONE, steps=(StepRecord("reason", "r", Completion(Outcome.OK, "A", fresh=fresh)),)
    )


def test_cached_samples_do_not_count_towards_the_remaining_time():
    clock = Clock()
    progress = Progress(1000, {"reason": Meter()}, clock=clock)
    for _ in range(500):
        progress.count(result(fresh=False))
    assert progress.cached == 500
    assert progress.snapshot()["eta_seconds"] is None
    clock.now += 300  # a model starts
    for _ in range(8):  # a batch
        progress.count(result(fresh=True))
    assert progress.snapshot()["eta_seconds"] is None
    for _ in range(10):
        clock.now += 4
        for _ in range(8):
            progress.count(result(fresh=True))
    assert progress.finished == 588
    assert progress.eta_seconds == 412 / 8 * 4
    progress.set_paused(paused=True)
    assert progress.snapshot()["eta_seconds"] is None
    clock.now += 86400
    progress.set_paused(paused=False)
    assert progress.eta_seconds == 412 / 8 * 4, "a pause is not part of the pace"
    progress.stop()
    assert progress.snapshot()["eta_seconds"] is None


def test_a_snapshot_is_plain_values_whatever_is_missing():
    progress = Progress(5, {"perceive": Meter()})
    progress.count(result(fresh=True))
    snapshot = orjson.loads(orjson.dumps(progress.snapshot()))
    assert snapshot["samples"] == {"total": 5, "done": 1, "cached": 0, "failed": 0, "not_run": 0}
    assert (snapshot["eta_seconds"], snapshot["money"], snapshot["bounded_by"]) == (None, None, {})
    assert snapshot["stages"]["perceive"]["limits"] == {}


def test_samples_without_hints_are_counted_once_they_are_done():
    progress = Progress(5, {"write": Meter(), "perceive": Meter()})
    progress.count(SampleResult(SAMPLE, SampleStatus.DONE, fell_back="error: overloaded"))
    progress.count(SampleResult(SAMPLE, SampleStatus.FAILED, fell_back="error: overloaded", failure="x"))
    assert progress.fell_back == 1
    assert progress.snapshot()["stages"]["write"]["calls"] == 0


def two_runs(*, answering=True, clock=None):
    answers: dict[StageKey, Meter] = {"reason": Meter()} if answering else {}
    clock = clock or Clock()
    one = Progress(10, {"perceive": Meter(), **answers}, name="one", clock=clock)
    other = Progress(20, answers, name="other", clock=clock)
    whole = Progress.of([one, other], {"write": Meter(), "perceive": Meter(calls=3), "reason": Meter(calls=9)})
    whole.clock = clock
    whole.started = clock()
    return whole, one, other


def test_what_runs_count_is_counted_together_as_well():
    whole, one, other = two_runs()
    one.count(SampleResult(SAMPLE, SampleStatus.DONE, score=Score(1.0, "A")))
    one.count(SampleResult(SAMPLE, SampleStatus.FAILED, failure="x"))
    one.uncount_failure("x")
    other.count(SampleResult(SAMPLE, SampleStatus.FAILED, failure="x"))
    other.count(SampleResult(SAMPLE, SampleStatus.DONE, score=Score(0.0, "B")))
    other.count_not_run(2)
    assert (whole.total, whole.done, whole.failed, whole.not_run, whole.finished) == (30, 2, 1, 2, 5)
    assert (whole.scored, whole.correct, whole.cached, whole.failures) == (2, 1.0, 2, {"x": 1})


def test_a_stage_that_no_run_has_is_left_out():
    assert list(two_runs(answering=False)[0].meters) == ["perceive"]


def test_the_title_says_how_many_runs_are_finished_and_a_snapshot_has_each():
    whole, one, other = two_runs()
    assert (whole.title, one.title) == ("2 runs, 0 finished", "one")
    one.count(SampleResult(SAMPLE, SampleStatus.DONE))
    one.end()
    assert (whole.title, whole.ended) == ("2 runs, 1 finished", None)
    snapshot = whole.snapshot()
    assert snapshot["runs"] == {"one": "1/10", "other": "0/20"}
    assert {key: meter["calls"] for key, meter in snapshot["stages"].items()} == {"perceive": 3, "reason": 9}
    other.end()
    assert whole.ended is not None


def test_runs_together_have_one_pace():
    clock = Clock()
    whole, one, other = two_runs(clock=clock)
    for run in (one, other):
        run.count(result(fresh=True))
    clock.now += 10
    for run in (one, other):
        run.count(result(fresh=True))
    assert whole.eta_seconds == 10 / 2 * 26
    whole.stop()
    assert whole.eta_seconds is None


def starting_engines(load, *, hand_over):
    """Count a sweep of two engines, the second of which takes 60 seconds to start; return what is displayed."""
    clock = Clock()
    first = Progress(100, {"perceive": Meter()}, name="one", clock=clock)
    second = Progress(100, {"perceive": Meter(load=load)}, name="other", clock=clock)
    together = Meter()
    first.meters["perceive"].whole = second.meters["perceive"].whole = together
    whole = Progress.of([first, second], {"perceive": together})
    whole.clock = clock
    second.bounds.waits_for_turn = hand_over
    shown = []
    for tick in range(1600):
        clock.now += 0.1
        starting = 500 <= tick < 1100
        second.meters["perceive"].in_flight = int(tick >= 500 and not hand_over)
        together.in_flight = int(not starting)
        second.bounds.waits_for_turn = hand_over and tick < 1100
        load.starting = starting
        for run in (first, second):
            run.bounds.tick()
        if not starting and tick % 5 == 0:
            (first if tick < 500 else second).count(result(fresh=True))
        shown.append(whole.eta_seconds)
    return shown


@pytest.mark.parametrize("hand_over", [False, True])
def test_the_start_of_a_later_engine_is_no_progress(hand_over):
    class Starting:
        starting = False

        def __call__(self):
            return Load(starting=self.starting)

    shown = starting_engines(Starting(), hand_over=hand_over)
    assert abs(shown[499] - 50) < 3  # 100 samples are left, two per second
    assert max(shown[500:1100]) < 53
    assert abs(shown[1100] - 50) < 3
    assert shown[1590] < 6


def test_the_remaining_time_counts_down_and_does_not_jump_with_a_burst_of_answers():
    clock = Clock()
    progress = Progress(1000, {"reason": Meter()}, clock=clock)
    progress.count(result(fresh=True))
    shown = []
    for second in range(60):
        clock.now += 1.0
        for _ in range(40 if second == 20 else 5):
            progress.count(result(fresh=True))
        shown.append(progress.eta_seconds)
    assert shown[:6] == [None] * 6
    known = [eta for eta in shown if eta is not None]
    assert len(known) == 54
    assert max(abs(after - before + 1) for before, after in pairwise(known)) < 10
    steady = 59 / (progress.done - 6) * (1000 - progress.done)
    assert abs(known[-1] - steady) < 10


def test_reading_the_remaining_time_more_often_changes_nothing_at_the_same_moment():
    estimate = SmoothEstimate()
    assert estimate.read(100.0, 0.0) == 100.0
    assert estimate.read(50.0, 0.0) == 100.0
    often, once = SmoothEstimate(), SmoothEstimate()
    assert often.read(100.0, 0.0) == once.read(100.0, 0.0)
    for tick in range(1, 101):
        last = often.read(190.0 - tick / 10, tick / 10)
    assert abs(last - once.read(180.0, 10.0)) < 1


def test_samples_that_were_not_run_are_not_counted_as_processed():
    whole, one, _ = two_runs(clock=Clock())
    one.count(result(fresh=True))
    one.count_not_run(9)
    assert (one.processed, one.finished, whole.snapshot()["runs"]["one"]) == (1, 10, "1/10")


def test_a_run_that_has_ended_takes_no_more_time():
    clock = Clock()
    _, one, _ = two_runs(clock=clock)
    one.end()
    clock.now += 5
    assert one.seconds == 0


def test_a_paused_run_has_no_remaining_time_and_its_commands_are_kept_up_to_a_bound():
    progress = Progress(4, {})
    assert not {"paused", "control"} & set(progress.snapshot())
    progress.set_paused(paused=True)
    for number in range(MAX_COMMANDS + 5):
        progress.record_command({"command": str(number)})
    snapshot = progress.snapshot()
    assert (snapshot["paused"], snapshot["eta_seconds"], len(snapshot["control"])) == (True, None, MAX_COMMANDS)
    progress.stop()
    assert "paused" not in progress.snapshot()
