"""Intervals and tests compared with scipy's and statsmodels', and their coverage."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as sm_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from prism_engine.report.scores.inference import (
    both_scored,
    clustered_mean,
    clustered_share,
    clusters_of,
    holm,
    mcnemar,
    paired,
)

DRAW = np.random.default_rng(5)
CLUSTERS = np.sort(DRAW.integers(0, 40, 200))
VALUES = (DRAW.random(200) < 0.2 + 0.6 * (CLUSTERS % 2)).astype(float)
OTHERS = np.where(DRAW.random(200) < 0.8, VALUES, 1 - VALUES)
ALONE = np.arange(200)


def regression(values, clusters):
    fitted = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    return (fitted.params[0], fitted.bse[0], *fitted.conf_int()[0], fitted.pvalues[0])


@pytest.mark.parametrize("clusters", [np.arange(200) % 40, ALONE])
@pytest.mark.parametrize("values", [VALUES, DRAW.random(200)])
def test_a_mean_over_equal_clusters_is_that_of_statsmodels(values, clusters):
    found = clustered_mean(values, clusters)
    value, se, low, high, _ = regression(values, clusters)
    assert (found.value, found.se, found.low, found.high) == pytest.approx((value, se, low, high), abs=1e-9)
    assert (found.n, found.clusters) == (200, len(np.unique(clusters)))
    assert found.freedom == found.clusters - 1


def test_a_mean_over_unequal_clusters_has_bell_and_mccaffrey_s_variance_and_degrees_of_freedom():
    found = clustered_mean(VALUES, CLUSTERS)
    n = len(VALUES)
    member = (CLUSTERS[:, None] == np.unique(CLUSTERS)).astype(float)
    residuals = np.eye(n) - 1 / n
    parts = []
    for column in member.T:
        rows = column.astype(bool)
        hat = residuals[np.ix_(rows, rows)]
        values, vectors = np.linalg.eigh(hat)
        root = vectors @ np.diag(values**-0.5) @ vectors.T
        parts.append(np.ones(rows.sum()) @ root @ residuals[rows] / n)
    forms = np.array(parts)
    assert found.se == pytest.approx(np.sqrt(((forms @ VALUES) ** 2).sum()), abs=1e-12)
    products = forms @ (member @ member.T) @ forms.T
    assert found.freedom == pytest.approx(np.trace(products) ** 2 / (products**2).sum(), rel=1e-9)
    assert found.freedom < found.clusters - 1
    assert found.se == pytest.approx(regression(VALUES, CLUSTERS)[1], rel=0.02)


def test_one_dominating_picture_leaves_hardly_any_degree_of_freedom():
    dominated = clustered_mean(VALUES[:141], np.repeat(np.arange(41), [101, *[1] * 40]))
    assert 1 <= dominated.freedom < 1.1


def test_a_paired_comparison_is_that_of_statsmodels():
    found = paired(VALUES, OTHERS, ALONE // 5)
    *numbers, p = regression(OTHERS - VALUES, ALONE // 5)
    difference = found.difference
    assert (difference.value, difference.se, difference.low, difference.high) == pytest.approx(numbers, abs=1e-9)
    assert found.p_clustered == pytest.approx(p, abs=1e-9)
    table = [[0, found.improved], [found.worsened, 0]]
    assert found.p_mcnemar == pytest.approx(sm_mcnemar(table, exact=True).pvalue, abs=1e-12)
    assert (found.p, found.test) == (found.p_clustered, "clustered")
    alone = paired(VALUES, OTHERS, ALONE)
    assert (alone.p, alone.test) == (found.p_mcnemar, "McNemar")


def test_a_clustered_comparison_of_equal_runs_is_not_called_mcnemar_s():
    same = paired(VALUES, VALUES, CLUSTERS)
    assert (same.p_clustered, same.p_mcnemar, same.test) == (1.0, 1.0, "clustered")
    assert paired(VALUES, VALUES, ALONE).test == "McNemar"


def test_runs_that_hardly_differ_have_a_difference_with_an_interval_all_the_same():
    same = paired(VALUES[:30], VALUES[:30], np.arange(30)).difference
    assert same.low < 0 < same.high
    assert (same.low, same.high) == pytest.approx((-0.09, 0.09), abs=0.01)
    few = paired(np.zeros(30), (np.arange(30) < 2).astype(float), np.arange(30)).difference
    assert few.low < few.value < few.high
    opposite = paired(np.ones(12), np.zeros(12), np.arange(12)).difference
    assert (opposite.value, opposite.low) == (-1, -1)
    assert -0.7 < opposite.high < -0.4


def test_graded_scores_have_no_mcnemar_test():
    found = paired(VALUES / 2, OTHERS, ALONE)
    assert (found.p_mcnemar, found.test) == (None, "clustered")


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_that_of_statsmodels_also_where_nothing_differs(improved, worsened):
    expected = sm_mcnemar([[0, improved], [worsened, 0]], exact=True).pvalue if improved + worsened else 1.0
    assert mcnemar(improved, worsened) == pytest.approx(min(1.0, expected), abs=1e-12)


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_that_of_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]), abs=1e-12)


def test_a_share_of_many_independent_samples_has_nearly_wilson_s_interval():
    values = (np.random.default_rng(1).random(5000) < 0.3).astype(float)
    found = clustered_share(values, np.arange(5000))
    low, high = proportion_confint(values.sum(), 5000, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_two_questions_per_picture_that_are_answered_alike_are_worth_one():
    values = (np.random.default_rng(1).random(300) < 0.5).astype(float)
    single = clustered_share(values, np.arange(300))
    double = clustered_share(np.repeat(values, 2), np.repeat(np.arange(300), 2))
    assert (double.low, double.high) == pytest.approx((single.low, single.high), abs=1e-9)


@pytest.mark.parametrize(("value", "end"), [(0.0, "low"), (1.0, "high")])
def test_an_interval_at_an_end_counts_pictures_and_stays_within_0_and_1(value, end):
    found = clustered_share(np.full(60, value), np.repeat(np.arange(20), 3))
    assert getattr(found, end) == value
    assert 0.1 < found.high - found.low < 0.3  # as for 20, not for 60


def test_one_picture_has_no_finite_interval():
    found = clustered_share(np.array([1.0, 0.0]), np.array([0, 0]))
    assert (found.low, found.high) == (0.0, 1.0)
    assert paired(np.zeros(2), np.ones(2), np.array([0, 0])).p_clustered == 1.0


def test_equal_runs_and_runs_that_differ_everywhere_have_sensible_p_values():
    clusters = np.repeat(np.arange(4), 2)
    assert paired(np.ones(8), np.ones(8), clusters).p == 1.0
    assert paired(np.zeros(8), np.ones(8), clusters).p == 2**-3


def test_samples_that_share_pictures_indirectly_are_one_cluster():
    pictures = [("a",), ("b",), ("b", "c"), ("c", "d"), (), (), ("a",)]
    a, b, via, d, *none, again = clusters_of(pictures)
    assert b == via == d
    assert a == again
    assert len({a, b, *none}) == 4


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=3), min_size=1, max_size=12))
def test_clusters_are_numbered_without_gaps_and_keep_shared_pictures_together(pictures):
    clusters = clusters_of(pictures)
    assert set(clusters) == set(range(max(clusters) + 1))
    for one, first in zip(pictures, clusters, strict=True):
        for other, second in zip(pictures, clusters, strict=True):
            if set(one) & set(other):
                assert first == second


def test_scores_that_only_one_run_has_are_counted():
    nan = np.nan
    assert both_scored(np.array([1, nan, 0, nan]), np.array([1, 1, nan, nan])) == (1, 1, 1)


def test_intervals_have_their_nominal_coverage():
    from benchmarks.attribution import Pictures, simple_cases  # noqa: PLC0415 - what only this test needs

    draw = np.random.default_rng(11)
    cases = [simple_cases(draw, Pictures(many=100)) for _ in range(200)]
    for name in cases[0]:  # 95 % of 200, within three standard errors
        assert 0.9 <= np.mean([case[name] for case in cases]) <= 0.995, name
