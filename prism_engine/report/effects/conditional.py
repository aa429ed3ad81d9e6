"""Conditional logistic regression: effects for the same question, with its difficulty conditioned out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.report.scores.inference import is_binary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.report.scores.inference import Labels, Numbers

_STEPS: Final = 50
_TOLERANCE: Final = 1e-9
_MAX_COEFFICIENT: Final = 12.0
"""A larger coefficient is diverging: one model is right wherever another one is."""
_MIN_INFORMATION: Final = 1e-6
"""Less information than this is rounding: the data do not identify some model's effect."""
_DIFFERENCE_STEP: Final = 1e-5


class Block(NamedTuple):
    """One benchmark's part of a grid."""

    design: Numbers
    """A row per run, without columns that are constant over runs."""
    scores: Numbers
    """A row per run, a column per question; no missing values."""
    clusters: Labels
    """Each question's cluster, numbered across blocks."""


class ConditionalFit(NamedTuple):
    """Coefficients and their cluster-robust covariance."""

    coefficients: Numbers
    covariance: Numbers


def conditional_fit(blocks: Sequence[Block]) -> ConditionalFit | None:
    """Fit log odds = difficulty of the question + design · coefficients, given how many runs are right on it.

    Conditioning on that number eliminates the difficulty (G. Rasch; E. B. Andersen, J. R. Stat. Soc. B 32 (1970)
    283-301). Questions that all runs or none get right carry no information. All questions of a benchmark have the same
    runs, so the likelihood needs the elementary symmetric functions of only one vector per benchmark.

    Returns:
        None if scores are not all 0 or 1, no question carries information, or the maximum is at infinity.
    """
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

    if not all(is_binary(block.scores) for block in blocks):
        return None
    coefficients = np.zeros(blocks[0].design.shape[1])
    for _ in range(_STEPS):
        slope = _slope(blocks, coefficients)
        curvature = _curvature(blocks, coefficients)
        if np.linalg.eigvalsh(curvature)[0] < _MIN_INFORMATION:
            return None
        step = np.linalg.solve(curvature, slope)
        longest = float(np.abs(step).max())
        coefficients = coefficients + step * min(1.0, 1.0 / longest if longest else 1.0)
        if np.abs(coefficients).max() > _MAX_COEFFICIENT:
            return None
        if longest < _TOLERANCE:
            inverse: Numbers = np.linalg.inv(curvature).astype(np.float64)
            return ConditionalFit(coefficients, _robust(blocks, coefficients, inverse))
    return None


def _robust(blocks: Sequence[Block], coefficients: Numbers, inverse: Numbers) -> Numbers:
    import numpy as np  # noqa: PLC0415

    gradients = np.concatenate([_gradients(block, coefficients) for block in blocks])
    clusters = np.unique(np.concatenate([block.clusters for block in blocks]), return_inverse=True)[1]
    sums = np.stack([np.bincount(clusters, column) for column in gradients.T], axis=1)
    robust: Numbers = inverse @ (sums.T @ sums) @ inverse * len(sums) / (len(sums) - 1)
    return robust


def _slope(blocks: Sequence[Block], coefficients: Numbers) -> Numbers:
    import numpy as np  # noqa: PLC0415

    total: Numbers = np.sum([_gradients(block, coefficients).sum(axis=0) for block in blocks], axis=0)
    return total


def _curvature(blocks: Sequence[Block], coefficients: Numbers) -> Numbers:
    """Return minus the second derivatives, by central differences of the slope."""
    import numpy as np  # noqa: PLC0415

    columns = [
        (_slope(blocks, coefficients - shift) - _slope(blocks, coefficients + shift)) / (2 * _DIFFERENCE_STEP)
        for shift in _DIFFERENCE_STEP * np.eye(len(coefficients))
    ]
    curvature = np.array(columns)
    symmetric: Numbers = (curvature + curvature.T) / 2
    return symmetric


def _gradients(block: Block, coefficients: Numbers) -> Numbers:
    """Return each question's gradient: observed minus expected scores, given the number of right runs."""
    rights = block.scores.sum(axis=0).astype(int)
    expected = _expected(block.design @ coefficients)[rights]
    gradients: Numbers = (block.scores.T - expected) @ block.design
    return gradients


def _expected(log_odds: Numbers) -> Numbers:
    """Return, for each number s of right runs, each run's probability of being among them.

    With e = exp(log odds) and E_s the elementary symmetric functions, it is e_c E_{s-1}(without c) / E_s.
    """
    import numpy as np  # noqa: PLC0415

    odds = np.exp(log_odds - log_odds.mean())
    runs = len(odds)
    without = np.zeros((runs, runs + 1))  # row c: the functions of all runs except c
    so_far = np.eye(1, runs + 1)[0]  # of the runs that the loop has passed; rows below them would still be the same
    for run, value in enumerate(odds):
        end = run + 1  # functions above are zero
        without[run] = so_far
        without[:run, 1 : end + 1] += value * without[:run, :end]
        so_far[1 : end + 1] += value * so_far[:end]
    all_runs = without[0] + odds[0] * np.concatenate([[0.0], without[0, :-1]])
    shifted = np.concatenate([np.zeros((runs, 1)), without[:, :-1]], axis=1)
    expected: Numbers = (odds[:, None] * shifted / all_runs).T
    return expected
