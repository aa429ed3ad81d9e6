"""Resampling by picture."""

from __future__ import annotations

import numpy as np
import pytest

from prism_engine.report.effects.bootstrap import mean_over, percentile_interval, percentile_intervals, resampled_means
from prism_engine.report.scores.inference import clustered_mean

CLUSTERS = np.repeat(np.arange(80), 3)
SCORES = (np.random.default_rng(2).random((2, 240)) < [[0.4], [0.6]]).astype(float)


def test_the_spread_of_resampled_means_is_the_clustered_standard_error():
    found = resampled_means(SCORES, CLUSTERS)
    for place in range(2):
        estimate = clustered_mean(SCORES[place], CLUSTERS)
        assert found[:, place].std() == pytest.approx(estimate.se, rel=0.06)
        assert percentile_interval(found[:, place]) == pytest.approx((estimate.low, estimate.high), abs=0.01)


def test_equal_runs_have_equal_replicates_so_that_differences_are_paired():
    found = resampled_means(np.stack([SCORES[0], SCORES[0]]), CLUSTERS)
    assert (found[:, 0] == found[:, 1]).all()


def test_the_same_scores_give_the_same_replicates(monkeypatch):
    first = resampled_means(SCORES, CLUSTERS)
    monkeypatch.setattr("prism_engine.report.effects.bootstrap._MAX_WEIGHTS", 80 * 7)  # in many small parts
    np.testing.assert_array_equal(resampled_means(SCORES, CLUSTERS), first)


def test_missing_scores_do_not_count():
    holes = SCORES.copy()
    holes[0, ::3] = np.nan
    found = resampled_means(holes, CLUSTERS)
    assert found[:, 0].mean() == pytest.approx(np.nanmean(holes[0]), abs=0.01)
    np.testing.assert_array_equal(found[:, 1], resampled_means(SCORES, CLUSTERS)[:, 1])


def test_a_mean_over_benchmarks_is_plain():
    assert mean_over([np.array([0.0, 1.0]), np.array([1.0, 1.0])]).tolist() == [0.5, 1.0]


@pytest.mark.parametrize("missing", [False, True])
def test_the_intervals_of_many_rows_are_those_of_each(missing):
    replicates = np.random.default_rng(1).normal(size=(50, 2_000))
    if missing:
        replicates[3, ::7] = np.nan
    assert percentile_intervals(replicates) == [percentile_interval(row) for row in replicates]
