"""Effects for the same question, compared with statsmodels' conditional logit."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.special import expit
from statsmodels.discrete.conditional_models import ConditionalLogit

from prism_engine.report.effects.conditional import Block, _expected, conditional_fit

DESIGN = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], dtype=float)
EFFECTS = np.array([0.7, -0.4])


def block(seed=0, questions=60, design=DESIGN, first=0):
    draw = np.random.default_rng(seed)
    difficulty = 2 * draw.normal(size=questions)
    scores = draw.random((len(design), questions)) < expit((design @ EFFECTS)[:, None] + difficulty)
    return Block(design, scores.astype(float), first + np.arange(questions))


def statsmodels_model(blocks):
    score = np.concatenate([one.scores.T.ravel() for one in blocks])
    design = np.concatenate([np.tile(one.design, (one.scores.shape[1], 1)) for one in blocks])
    question = np.concatenate([np.repeat(one.clusters, len(one.design)) for one in blocks])
    return ConditionalLogit(score, design, groups=question)


@pytest.mark.filterwarnings("ignore")  # statsmodels warns of questions that all runs get right
def test_coefficients_are_those_of_statsmodels():
    blocks = [block(), block(1, design=DESIGN[:3], first=60)]
    found = conditional_fit(blocks)
    assert found is not None
    model = statsmodels_model(blocks)
    assert model.score(found.coefficients) == pytest.approx(np.zeros(2), abs=1e-6)  # its gradient there is zero
    assert found.coefficients == pytest.approx(model.fit().params, abs=1e-4)  # its own search stops earlier


@pytest.mark.filterwarnings("ignore")
def test_robust_errors_of_many_independent_questions_are_those_of_the_model():
    blocks = [block(2, questions=3000)]
    found = conditional_fit(blocks)
    assert found is not None
    robust = np.sqrt(np.diag(found.covariance))
    assert robust == pytest.approx(statsmodels_model(blocks).fit().bse, rel=0.05)
    assert np.abs(found.coefficients - EFFECTS).max() < 4 * robust.max()


def test_doubled_questions_about_one_picture_are_worth_one():
    single = block()
    double = Block(DESIGN, np.repeat(single.scores, 2, axis=1), np.repeat(single.clusters, 2))
    one, two = conditional_fit([single]), conditional_fit([double])
    assert one is not None
    assert two is not None
    assert two.covariance == pytest.approx(one.covariance, rel=1e-6)


@pytest.mark.parametrize(
    "scores",
    [
        np.full((4, 9), 0.5),  # not right or wrong
        np.ones((4, 9)),  # all runs are right everywhere
        np.repeat([[1.0], [1.0], [0.0], [0.0]], 9, axis=1),  # one model is always right, the other never
    ],
)
def test_scores_without_information_give_no_fit(scores):
    assert conditional_fit([Block(DESIGN, scores, np.arange(9))]) is None


@pytest.mark.parametrize("runs", [1, 2, 5, 9])
def test_expected_scores_are_those_of_all_sets_of_right_runs(runs):
    log_odds = np.random.default_rng(runs).normal(size=runs)
    found = _expected(log_odds)
    for right in range(runs + 1):
        sets = [list(each) for each in combinations(range(runs), right)]
        weights = np.array([np.exp(log_odds[each].sum()) for each in sets])
        shares = np.array([[run in each for run in range(runs)] for each in sets], dtype=float)
        assert found[right] == pytest.approx(weights @ shares / weights.sum())
