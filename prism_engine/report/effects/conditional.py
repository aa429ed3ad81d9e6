"""Effects for one and the same question: each question's difficulty, whatever it is, is conditioned away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.report.scores.inference import is_binary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.report.scores.inference import Labels, Numbers

_STEPS: Final = 50
_CLOSE: Final = 1e-9
_FAR: Final = 12.0
"""A coefficient beyond it runs off to infinity: one model is right wherever another one is."""
_FLAT: Final = 1e-6
"""Information below it is rounding: nothing is told about some model."""
_STRIDE: Final = 1e-5


class Block(NamedTuple):
    """One benchmark's part of a grid."""

    design: Numbers
    """A row per run, without columns that are the same for all runs."""
    scores: Numbers
    """A row per run, a column per question; no gaps."""
    clusters: Labels
    """Each question's, numbered across blocks."""


class ConditionalFit(NamedTuple):
    """Coefficients and their cluster-robust covariance."""

    coefficients: Numbers
    covariance: Numbers


def conditional_fit(blocks: Sequence[Block]) -> ConditionalFit | None:
    """Fit log odds = difficulty of the question + design · coefficients, given how many runs are right on it.

    Given that number the difficulty drops out (G. Rasch; E. B. Andersen, J. R. Stat. Soc. B 32 (1970) 283-301). The
    questions that all runs or none get right tell nothing. Since all questions of a benchmark meet the same runs, the
    likelihood needs the elementary symmetric functions of one vector per benchmark only.

    Returns:
        None where scores are not all 0 or 1, where no question tells anything, or where the maximum is at infinity.
    """
    import numpy as np  # noqa: PLC0415 - a run that needs no statistics starts without it

    if not all(is_binary(block.scores) for block in blocks):
        return None
    coefficients = np.zeros(blocks[0].design.shape[1])
    for _ in range(_STEPS):
        slope = _slope(blocks, coefficients)
        curvature = _curvature(blocks, coefficients)
        if np.linalg.eigvalsh(curvature)[0] < _FLAT:
            return None
        step = np.linalg.solve(curvature, slope)
        longest = float(np.abs(step).max())
        coefficients = coefficients + step * min(1.0, 1.0 / longest if longest else 1.0)
        if np.abs(coefficients).max() > _FAR:
            return None
        if longest < _CLOSE:
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
        (_slope(blocks, coefficients - stride) - _slope(blocks, coefficients + stride)) / (2 * _STRIDE)
        for stride in _STRIDE * np.eye(len(coefficients))
    ]
    curvature = np.array(columns)
    symmetric: Numbers = (curvature + curvature.T) / 2
    return symmetric


def _gradients(block: Block, coefficients: Numbers) -> Numbers:
    """Return each question's share of the slope: what was right beside what was to be expected, given the number."""
    rights = block.scores.sum(axis=0).astype(int)
    expected = _expected(block.design @ coefficients)[rights]
    gradients: Numbers = (block.scores.T - expected) @ block.design
    return gradients


def _expected(log_odds: Numbers) -> Numbers:
    """Return, for each number s of right runs, the chance of each run to be among them.

    With e = exp(log odds) and E_s the elementary symmetric functions, it is e_c E_{s-1}(without c) / E_s.
    """
    import numpy as np  # noqa: PLC0415

    odds = np.exp(log_odds - log_odds.mean())
    runs = len(odds)
    without = np.zeros((runs, runs + 1))  # row c: the functions of all but run c
    without[:, 0] = 1.0
    for run, value in enumerate(odds):
        more = without.copy()
        more[:, 1:] += value * without[:, :-1]
        more[run] = without[run]
        without = more
    all_runs = without[0] + odds[0] * np.concatenate([[0.0], without[0, :-1]])
    shifted = np.concatenate([np.zeros((runs, 1)), without[:, :-1]], axis=1)
    expected: Numbers = (odds[:, None] * shifted / all_runs).T
    return expected
