"""The regression compared with statsmodels', and Firth's likelihood with a general optimiser."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize
from scipy.special import expit

from prism_engine.report.effects.logistic import fit, is_separated

DESIGN = np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1], [1, -1, -1]], dtype=float)


def answers(shares, *, questions=120, graded=False):
    draw = np.random.default_rng(3)
    cell = np.repeat(np.arange(4), questions)
    cluster = np.tile(np.arange(questions) // 3, 4)
    uniform = (draw.random(len(cell)) + draw.random(questions // 3)[cluster]) / 2
    score = (uniform < np.array(shares)[cell]).astype(float)
    return cell, (score * 0.9 + 0.05 if graded else score), cluster


@pytest.mark.parametrize("graded", [False, True])
def test_coefficients_and_clustered_covariance_are_those_of_statsmodels(graded):
    cell, score, cluster = answers([0.3, 0.5, 0.6, 0.7], graded=graded)
    found = fit(DESIGN, cell, score, cluster)
    model = sm.GLM(score, DESIGN[cell], family=sm.families.Binomial())
    theirs = model.fit(cov_type="cluster", cov_kwds={"groups": cluster}, tol=1e-12)
    assert found.coefficients == pytest.approx(theirs.params, abs=1e-8)
    assert found.covariance == pytest.approx(theirs.cov_params(), abs=1e-8)
    assert found.model_covariance == pytest.approx(model.fit(tol=1e-12).normalized_cov_params, abs=1e-8)
    assert not found.penalised
    weights = np.array([0, 1, -1])
    value, se, low, high = found.contrast(weights)
    assert value == pytest.approx(found.coefficients[1] - found.coefficients[2])
    assert se == pytest.approx(np.sqrt(weights @ theirs.cov_params() @ weights), abs=1e-8)
    assert low < value < high


@pytest.mark.parametrize(
    ("right", "separated"),
    [
        ((10, 50, 60, 90), False),
        ((0, 50, 60, 90), False),  # one empty cell makes no coefficient diverge: three effects meet in it
        ((0, 0, 60, 90), True),  # the first model is never right
        ((0, 50, 50, 100), True),  # the two better models together are always right
        ((0, 0, 0, 0), True),
    ],
)
def test_separation_is_found_wherever_it_is(right, separated):
    totals = np.full(4, 100.0)
    assert is_separated(DESIGN, totals, np.array(right, dtype=float)) == separated


def test_where_answers_are_separated_firth_s_likelihood_has_its_maximum_there():
    cell, score, cluster = answers([0.0, 0.0, 0.4, 0.6])
    found = fit(DESIGN, cell, score, cluster)
    assert found.penalised
    totals, right = np.bincount(cell), np.bincount(cell, score)

    def loss(coefficients):
        share = expit(DESIGN @ coefficients)
        information = DESIGN.T @ (DESIGN * (totals * share * (1 - share))[:, None])
        likelihood = right @ np.log(share) + (totals - right) @ np.log(1 - share)
        return -(likelihood + np.linalg.slogdet(information)[1] / 2)

    best = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000})
    assert found.coefficients == pytest.approx(best.x, abs=1e-4)
    _, se, _, _ = found.contrast(np.array([0, 1.0, 0]))
    assert se >= found.model_covariance[1, 1] ** 0.5
