"""Coverage of the intervals that are shown where pictures repeat, on seeded simulations."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.coverage import ALONE, LAYOUTS, SHARES, answers, coverages, difference_coverages, shown, unreduced

METHODS = {"shown": shown, "before": unreduced}
DOMINATED = "5 x 100 and 30 x 1"


@pytest.mark.parametrize("layout", ["5 pictures x 2", "10 x 2", "6 x 10", "20 x 3", DOMINATED, "1 x 60 and 40 x 1"])
def test_the_clustered_interval_holds_for_few_pictures_and_for_few_that_dominate(layout):
    cases = coverages(LAYOUTS[layout], 200, 7, {"shown": shown})["shown"]
    assert np.mean([case.share for case in cases]) >= 0.93
    for case in cases:  # 200 runs measure 93 % to within 1.8 points (one standard error)
        assert case.share >= 0.93 - 1.5 * 0.018, case


@pytest.mark.parametrize("layout", ["10 pictures x 1", "30 pictures x 1", "12 x 10", DOMINATED])
def test_the_interval_of_a_difference_holds_where_few_questions_differ(layout):
    cases = difference_coverages((ALONE | LAYOUTS)[layout], 100, 7)
    assert np.mean([case.share for case in cases]) >= 0.93
    for case in cases:  # 100 runs measure 93 % to within 2.6 points (one standard error)
        assert case.share >= 0.93 - 2 * 0.026, case


def test_the_simulation_finds_an_interval_that_does_not_hold():
    assert min(coverages(LAYOUTS[DOMINATED], 50, 7, METHODS)["before"]).share < 0.7


def test_simulated_answers_have_the_stated_mean_and_correlation():
    draw = np.random.default_rng(3)
    clusters = np.repeat(np.arange(20_000), 2)
    for p in SHARES:
        first, second = answers(draw, clusters, p, 0.3).reshape(-1, 2).T
        assert first.mean() == pytest.approx(p, abs=0.015)
        assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.3, abs=0.05)
