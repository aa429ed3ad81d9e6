"""Progress counts, as a display reads them."""

from __future__ import annotations

import orjson

from prism_engine.engine.progress import Progress
from prism_engine.records import Completion, Outcome, Sample, SampleResult, SampleStatus, Score
from prism_engine.stages.meter import Meter

SAMPLE = Sample(0, "0", (), "?")


def test_every_status_and_score_is_counted_separately():
    progress = Progress(5, Meter(), None)
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
    return SampleResult(SAMPLE, SampleStatus.DONE, reply=Completion(Outcome.OK, "A", fresh=fresh))


def test_cached_samples_do_not_count_towards_the_remaining_time():
    clock = Clock()
    progress = Progress(1000, None, Meter(), clock=clock)
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
    progress.stop()
    assert progress.snapshot()["eta_seconds"] is None


def test_a_snapshot_is_plain_values_whatever_is_missing():
    progress = Progress(5, Meter(), None)
    progress.count(result(fresh=True))
    snapshot = orjson.loads(orjson.dumps(progress.snapshot()))
    assert snapshot["samples"] == {"total": 5, "done": 1, "cached": 0, "failed": 0, "not_run": 0}
    assert (snapshot["eta_seconds"], snapshot["money"], snapshot["bounded_by"]) == (None, None, {})
    assert snapshot["describe"]["limits"] == {}


def test_samples_without_hints_are_counted_once_they_are_done():
    progress = Progress(5, Meter(), None, writing=Meter())
    progress.count(SampleResult(SAMPLE, SampleStatus.DONE, fell_back="error: overloaded"))
    progress.count(SampleResult(SAMPLE, SampleStatus.FAILED, fell_back="error: overloaded", failure="x"))
    assert progress.fell_back == 1
    assert progress.snapshot()["write"]["calls"] == 0
