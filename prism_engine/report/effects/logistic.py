"""Cluster-robust logistic regression over cells; Firth-penalised if plain maximum likelihood diverges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prism_engine.report.scores.inference import t_point

if TYPE_CHECKING:
    from prism_engine.report.scores.inference import Labels, Numbers

_STEPS: Final = 200
_TOLERANCE: Final = 1e-10
_MAX_SUMS: Final = 20_000_000
"""Maximum number of sums, one per cluster and cell, in memory at once."""
_ROUNDING: Final = 1e-14
"""Relative error of a likelihood."""
_HALVINGS: Final = 30
_MAX_STEP: Final = 2.0
"""Maximum change of a coefficient per step: Newton's method overshoots where shares are near 0 or 1."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted regression."""

    coefficients: Numbers
    covariance: Numbers
    """Cluster-robust."""
    model_covariance: Numbers
    """The covariance if all answers were independent: the inverse of the information."""
    fitted: Numbers
    """Each cell's predicted share."""
    observed: Numbers
    clusters: int
    penalised: bool
    """Fitted by Firth's penalised likelihood, because the plain one has its maximum at infinity."""

    def contrast(self, weights: Numbers) -> tuple[float, float, float, float]:
        """Return value, standard error and 95 % interval (t, clusters - 1) of a weighted sum of coefficients.

        A penalised fit uses the larger of the robust and the model-based standard error: cells with only right or only
        wrong answers have almost no residuals, so the robust one would be too small.
        """
        value = float(weights @ self.coefficients)
        variance = max(float(weights @ self.covariance @ weights), 0.0)  # rounding; NaN stays NaN in this order
        if self.penalised:
            variance = max(variance, float(weights @ self.model_covariance @ weights))
        se = variance**0.5
        reach = t_point(self.clusters - 1) * se
        return value, se, value - reach, value + reach


def fit(design: Numbers, cell: Labels, score: Numbers, cluster: Labels) -> Fit:
    """Fit log odds = design · coefficients by maximum likelihood, with cluster-robust (CR1) covariance.

    With H the information and U_g the score (gradient) of cluster g at the maximum, the covariance is
    H⁻¹ (Σ_g U_g U_gᵀ) H⁻¹ · G/(G-1) · (N-1)/(N-k): statsmodels' `GLM(..., Binomial()).fit(cov_type="cluster")`
    (Liang and Zeger 1986). Scores between 0 and 1 are fractions (L. E. Papke and J. M. Wooldridge, J. Appl. Econom.
    11 (1996) 619-632). If right and wrong answers are separated (`is_separated`), the likelihood is D. Firth's,
    Biometrika 80 (1993) 27-38, which adds half the log determinant of the information and always has a finite maximum.

    Args:
        design: a row per cell, of full column rank.
        cell: each answer's cell; every cell has answers.
        score: each answer's score, from 0 to 1.
        cluster: each answer's cluster, numbered from 0 without gaps. With one, or no more answers than coefficients,
            the covariance is NaN.
    """
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

    totals = np.bincount(cell, minlength=len(design)).astype(np.float64)
    right: Numbers = np.bincount(cell, weights=score, minlength=len(design)).astype(np.float64)
    penalised = is_separated(design, totals, right)
    coefficients = _maximum(design, totals, right, penalised=penalised)
    fitted = _share(design @ coefficients)
    inverse = np.linalg.inv(_information(design, totals, fitted))
    groups, (samples, width) = int(cluster.max()) + 1, (len(score), design.shape[1])
    gradients = _gradients(design, cell, score - fitted[cell], cluster)
    enough = groups > 1 and samples > width
    correction = groups / (groups - 1) * (samples - 1) / (samples - width) if enough else np.nan
    robust = correction * inverse @ (gradients.T @ gradients) @ inverse
    observed: Numbers = right / totals
    return Fit(coefficients, robust, inverse.astype(np.float64), fitted, observed, groups, penalised)


def _gradients(design: Numbers, cell: Labels, residual: Numbers, cluster: Labels) -> Numbers:
    """Return the score of each cluster: a row per cluster, a column per coefficient."""
    import numpy as np  # noqa: PLC0415 - the same

    groups = int(cluster.max()) + 1
    if groups * len(design) <= _MAX_SUMS:
        sums = np.bincount(cluster * len(design) + cell, weights=residual, minlength=groups * len(design))
        gradients: Numbers = sums.reshape(groups, len(design)) @ design
        return gradients
    columns = [np.bincount(cluster, weights=residual * column[cell], minlength=groups) for column in design.T]
    return np.stack(columns, axis=1)


def is_separated(design: Numbers, totals: Numbers, right: Numbers) -> bool:
    """Return whether some coefficients diverge, decided by a linear programme (K. Konis, Oxford 2007).

    They do if there is a direction in which all-right cells only rise, all-wrong cells only fall, and mixed cells stay
    constant: for example, if a model is never right.
    """
    import numpy as np  # noqa: PLC0415
    from scipy.optimize import linprog  # noqa: PLC0415 - the same

    rising, falling = right >= totals, right <= 0
    signed = np.vstack([design[rising], -design[falling]])
    if not len(signed):
        return False
    mixed = design[~(rising | falling)]
    found = linprog(
        -signed.sum(axis=0),
        A_ub=-signed,
        b_ub=np.zeros(len(signed)),
        A_eq=mixed if len(mixed) else None,
        b_eq=np.zeros(len(mixed)) if len(mixed) else None,
        bounds=(-1, 1),
        method="highs",
    )
    return bool(-found.fun > 1e-7)


def _maximum(design: Numbers, totals: Numbers, right: Numbers, *, penalised: bool) -> Numbers:
    """Maximise by Newton's method with bounded steps, halved while they gain less than a quarter of what they promise.

    With few answers Firth's likelihood is flatter than the information says, and whole steps would go to and fro.
    """
    import numpy as np  # noqa: PLC0415

    coefficients = np.zeros(design.shape[1])
    reached = _likelihood(design, totals, right, coefficients, penalised=penalised)
    for _ in range(_STEPS):
        share = _share(design @ coefficients)
        inverse = np.linalg.inv(_information(design, totals, share))
        residual = right - totals * share
        if penalised:
            leverage = totals * share * (1 - share) * np.einsum("ij,jk,ik->i", design, inverse, design)
            residual = residual + leverage * (0.5 - share)
        gradient = design.T @ residual
        step = inverse @ gradient
        longest = float(np.abs(step).max())
        step = step * min(1.0, _MAX_STEP / longest if longest else 1.0)
        start, rounding = reached, _ROUNDING * (1 + abs(reached))
        for _ in range(_HALVINGS):
            reached = _likelihood(design, totals, right, coefficients + step, penalised=penalised)
            if reached >= start + 0.25 * float(gradient @ step) - rounding:
                break
            step = step / 2
        coefficients = coefficients + step
        if longest < _TOLERANCE:
            break
    return coefficients


def _likelihood(design: Numbers, totals: Numbers, right: Numbers, coefficients: Numbers, *, penalised: bool) -> float:
    """Return the log likelihood, with Firth's penalty if asked for."""
    import numpy as np  # noqa: PLC0415

    log_odds = design @ coefficients
    wrong = totals - right
    plain = -float(right @ np.logaddexp(0.0, -log_odds) + wrong @ np.logaddexp(0.0, log_odds))
    if not penalised:
        return plain
    return plain + 0.5 * float(np.linalg.slogdet(_information(design, totals, _share(log_odds)))[1])


def _information(design: Numbers, totals: Numbers, share: Numbers) -> Numbers:
    weighted: Numbers = design.T @ (design * (totals * share * (1 - share))[:, None])
    return weighted


def _share(log_odds: Numbers) -> Numbers:
    from scipy.special import expit  # noqa: PLC0415 - as numpy

    share: Numbers = expit(log_odds)
    return share
