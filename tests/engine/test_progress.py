"""Counts as a display reads them."""

from __future__ import annotations

from prism_engine.engine.progress import Progress
from prism_engine.records import Sample, SampleResult, SampleStatus, Score
from prism_engine.stages.meter import Meter

SAMPLE = Sample(0, "0", (), "?")


def test_every_status_and_score_is_counted_apart():
    progress = Progress(5, Meter(), None)
    assert progress.eta_seconds is None
    progress.count(SampleResult(SAMPLE, SampleStatus.DONE, score=Score(1.0, "A")))
    progress.count(SampleResult(SAMPLE, SampleStatus.DONE, score=Score(None)))
    progress.count(SampleResult(SAMPLE, SampleStatus.FAILED))
    progress.count(SampleResult(SAMPLE, SampleStatus.NOT_RUN))
    assert (progress.done, progress.failed, progress.not_run, progress.finished) == (2, 1, 1, 4)
    assert (progress.scored, progress.correct) == (1, 1.0)
    assert progress.eta_seconds is not None


def test_samples_whose_contents_are_missing_are_counted_once_they_are_done():
    progress = Progress(5, Meter(), None, writing=Meter())
    progress.count(SampleResult(SAMPLE, SampleStatus.DONE, fell_back="error: overloaded"))
    progress.count(SampleResult(SAMPLE, SampleStatus.FAILED, fell_back="error: overloaded", failure="x"))
    assert progress.fell_back == 1
    assert progress.snapshot()["write"]["calls"] == 0
