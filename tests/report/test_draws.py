"""Several draws per sample."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from prism_engine.report.draws import best_of, mean_of_draws
from prism_engine.report.inference import clustered_mean

DRAW = np.random.default_rng(3)
CLUSTERS = np.repeat(np.arange(15), 2)


@pytest.mark.parametrize("scores", [DRAW.random((5, 30)), (DRAW.random((5, 30)) < 0.4).astype(float)])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_best_of_so_many_is_the_mean_over_all_choices(scores, count):
    every = [scores[list(chosen)].max(axis=0) for chosen in combinations(range(5), count)]
    expected = clustered_mean(np.mean(every, axis=0), CLUSTERS)
    found = best_of(scores, CLUSTERS, count)
    assert (found.value, found.se) == pytest.approx((expected.value, expected.se))


def test_the_mean_of_draws_is_the_best_of_one():
    scores = DRAW.random((4, 30))
    one, mean = best_of(scores, CLUSTERS, 1), mean_of_draws(scores, CLUSTERS)
    assert (one.value, one.low) == pytest.approx((mean.value, mean.low))


def test_more_than_there_are_cannot_be_told():
    with pytest.raises(AssertionError, match="the best of 5 cannot be told from 4"):
        best_of(np.ones((4, 30)), CLUSTERS, 5)
