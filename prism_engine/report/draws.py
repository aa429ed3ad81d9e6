"""Several draws per sample: their mean, and the best of so many, with intervals clustered by picture."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

from prism_engine.report.inference import clustered_share

if TYPE_CHECKING:
    from prism_engine.report.inference import Estimate, Labels, Numbers


def mean_of_draws(scores: Numbers, clusters: Labels) -> Estimate:
    """Estimate the score of one draw: the mean over draws, sample by sample, then over samples.

    Args:
        scores: from 0 to 1, a row per draw, a column per sample.
        clusters: each sample's cluster (`clusters_of`).
    """
    return clustered_share(scores.mean(axis=0), clusters)


def best_of(scores: Numbers, clusters: Labels, count: int) -> Estimate:
    """Estimate what the best of `count` draws scores, from all n draws: without bias, and steadier than from `count`.

    Of a sample's ordered scores s_1 <= ... <= s_n, the i-th is the best of `count` in C(i-1, count-1) of C(n, count)
    choices. For right and wrong this is pass@k (M. Chen et al., arXiv 2107.03374).

    Args:
        count: from 1 to the number of draws.
    """
    import numpy as np  # noqa: PLC0415 - a run that needs no statistics starts without it

    draws = len(scores)
    assert 1 <= count <= draws, f"the best of {count} cannot be told from {draws} draws"
    weights = np.array([comb(place, count - 1) / comb(draws, count) for place in range(draws)])
    best: Numbers = weights @ np.sort(scores, axis=0)
    return clustered_share(best, clusters)
