import numpy as np
import pytest
from scipy import stats

from prism_engine.report.scores.agreement import Correlation, agreement

ONE = [1, 2, 3, 4, 5, 5, 3, 2, 1, 4, 4, 3]
OTHER = [1, 1, 3, 5, 4, 5, 2, 2, 1, 3, 4, 4]
PICTURES = [str(place // 2) for place in range(12)]


def test_correlations_are_scipys():
    found = agreement(ONE, OTHER, PICTURES, resamples=0)
    assert found.pearson.value == pytest.approx(stats.pearsonr(ONE, OTHER).statistic, abs=1e-12)
    assert found.spearman.value == pytest.approx(stats.spearmanr(ONE, OTHER).statistic, abs=1e-12)
    assert found.kendall.value == pytest.approx(stats.kendalltau(ONE, OTHER).statistic, abs=1e-12)
    assert (found.rows, found.clusters) == (12, 6)
    assert found.pearson.low is None


def test_intervals_hold_the_value_and_are_the_same_every_time():
    found = agreement(ONE, OTHER, PICTURES, resamples=200)
    assert found == agreement(ONE, OTHER, PICTURES, resamples=200)
    for one in (found.pearson, found.spearman, found.kendall):
        assert (one.low or 1) < (one.value or 0) < (one.high or 0)


def width(one):
    return one.high - one.low


def test_rows_of_one_picture_are_drawn_together():
    many = 10
    draw = np.random.default_rng(0)
    ones, others = draw.normal(size=8), draw.normal(size=8)
    copied = agreement([*ones] * many, [*others] * many, [str(place) for place in range(8)] * many, resamples=200)
    apart = agreement([*ones] * many, [*others] * many, [str(place) for place in range(8 * many)], resamples=200)
    assert width(copied.pearson) > 2 * width(apart.pearson)


@pytest.mark.parametrize(("one", "other"), [([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [2, 2, 2]), ([1, 2], [1, 2]), ([], [])])
def test_a_constant_side_has_no_correlation(one, other):
    found = agreement(one, other, [str(place) for place in range(len(one))])
    assert found.pearson == found.spearman == found.kendall == Correlation(None, None, None)


def test_an_interval_from_few_usable_resamples_is_none():
    found = agreement([1, 1, 1, 1, 1, 2], [1, 1, 1, 1, 2, 1], ["a"] * 3 + ["b"] * 3, resamples=20)
    assert found.pearson.value is not None


def test_many_rows_are_correlated_like_few(monkeypatch):
    few = agreement(ONE, OTHER, PICTURES, resamples=50)
    monkeypatch.setattr("prism_engine.report.scores.agreement._MAX_PAIRED", 3)
    many = agreement(ONE, OTHER, PICTURES, resamples=50)
    assert many.kendall.value == pytest.approx(few.kendall.value)
    assert (many.kendall.low, many.kendall.high) == pytest.approx((few.kendall.low, few.kendall.high))
