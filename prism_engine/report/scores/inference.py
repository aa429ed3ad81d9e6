"""Means, shares and paired differences with intervals clustered by picture."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Labels = NDArray[np.int64]

LEVEL: Final = 0.95
"""Confidence level of every interval."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its standard error and 95 % interval."""

    value: float
    se: float
    """Standard error; 0 if nothing varies."""
    low: float
    high: float
    n: int
    """Number of samples."""
    clusters: int
    """Number of independent units: pictures, or groups of pictures that occur together in a sample."""


@dataclass(frozen=True, slots=True)
class Paired:
    """A paired comparison of two runs on the same samples."""

    difference: Estimate
    """Second minus first."""
    improved: int
    """Number of samples on which the second run scored higher."""
    worsened: int
    p_clustered: float
    """Two-sided t test of the mean difference with its clustered standard error."""
    p_mcnemar: float | None
    """Two-sided exact McNemar test; None if a score is neither 0 nor 1."""

    @property
    def p(self) -> float:
        """The p value to use: McNemar's if no picture repeats (it assumes independent samples), else the clustered."""
        independent = self.difference.clusters == self.difference.n
        return self.p_clustered if self.p_mcnemar is None or not independent else self.p_mcnemar

    @property
    def test(self) -> str:
        """Name of the test that `p` is from."""
        return "McNemar" if self.p == self.p_mcnemar else "clustered"


def clusters_of(pictures: Iterable[Sequence[str]]) -> Labels:
    """Number the clusters of samples: samples that share a picture, directly or through other samples.

    Args:
        pictures: each sample's picture digests; a sample without any is its own cluster.
    """
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

    parents: list[int] = []
    owners: dict[str, int] = {}

    def root(sample: int) -> int:
        while parents[sample] != sample:
            parents[sample] = sample = parents[parents[sample]]
        return sample

    for sample, digests in enumerate(pictures):
        parents.append(sample)
        for digest in digests:
            parents[root(owners.setdefault(digest, sample))] = root(sample)
    return np.unique([root(sample) for sample in range(len(parents))], return_inverse=True)[1].astype(np.int64)


def clustered_mean(values: Numbers, clusters: Labels) -> Estimate:
    """Estimate a mean with a cluster-robust standard error and a t interval.

    With residuals e = y - mean and G clusters, se² = G/(G-1) · Σ_g (Σ_{i in g} e_i)² / n², and the interval takes t
    with G-1 degrees of freedom: the cluster-robust (CR1) variance of an ordinary regression on a constant (K.-Y. Liang
    and S. L. Zeger, Biometrika 73 (1986) 13-22). If each sample is its own cluster, this is the usual s/√n.

    Args:
        values: at least one.
        clusters: each value's cluster; any integers.
    """
    import numpy as np  # noqa: PLC0415

    mean = float(values.mean())
    _, numbers = np.unique(clusters, return_inverse=True)
    sums = np.bincount(numbers, weights=values - mean)
    groups = len(sums)
    if groups == 1:  # the variation between pictures is unknown
        return Estimate(mean, float("inf"), float("-inf"), float("inf"), len(values), 1)
    se = sqrt(groups / (groups - 1) * float(sums @ sums)) / len(values)
    reach = t_point(groups - 1) * se
    return Estimate(mean, se, mean - reach, mean + reach, len(values), groups)


def clustered_share(values: Numbers, clusters: Labels) -> Estimate:
    """Estimate a share of right answers with an interval that stays within 0 and 1, even at 0 % and 100 %.

    Wilson's interval for the effective sample size n* = p(1-p) / se², with the standard error of `clustered_mean` and t
    in place of the normal quantile; n* is at most n, and G if nothing varies (E. L. Korn and B. I. Graubard, Survey
    Methodology 24 (1998) 193-201, do this with another base interval). For values between 0 and 1, the interval of
    `clustered_mean` clipped to 0 and 1.
    """
    mean = clustered_mean(values, clusters)
    if mean.clusters == 1:
        return Estimate(mean.value, mean.se, 0.0, 1.0, mean.n, 1)
    if not is_binary(values):
        return Estimate(mean.value, mean.se, max(0.0, mean.low), min(1.0, mean.high), mean.n, mean.clusters)
    spread = mean.value * (1 - mean.value)
    effective_n = mean.clusters if not spread else mean.n if not mean.se else min(mean.n, spread / mean.se**2)
    low, high = wilson_interval(mean.value, effective_n, t_point(mean.clusters - 1))
    return Estimate(mean.value, mean.se, low, high, mean.n, mean.clusters)


def paired(first: Numbers, second: Numbers, clusters: Labels) -> Paired:
    """Compare two runs sample by sample.

    Args:
        first: scores, each from 0 to 1, at least one.
        second: the same samples' scores in the other run.
    """
    differences = second - first
    estimate = clustered_mean(differences, clusters)
    improved, worsened = int((differences > 0).sum()), int((differences < 0).sum())
    binary = is_binary(first) and is_binary(second)
    return Paired(
        estimate,
        improved,
        worsened,
        p_clustered=_p_value(estimate),
        p_mcnemar=mcnemar(improved, worsened) if binary else None,
    )


def mcnemar(improved: int, worsened: int) -> float:
    """Compute the exact two-sided McNemar test: a sign test on the samples that differ."""
    from scipy.stats import binomtest  # noqa: PLC0415 - the same

    total = improved + worsened
    return float(binomtest(improved, total, 0.5).pvalue) if total else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for multiple comparisons (S. Holm, Scand. J. Stat. 6 (1979) 65-70)."""
    order = sorted(range(len(p_values)), key=lambda test: p_values[test])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, test in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[test]))
        adjusted[test] = largest
    return adjusted


def is_binary(values: Numbers) -> bool:
    """Return whether all values are 0 or 1."""
    return bool(((values == 0) | (values == 1)).all())


def t_point(freedom: int) -> float:
    """Return the 97.5 % point of the t distribution."""
    from scipy.special import stdtrit  # noqa: PLC0415 - scipy.stats takes a second to import

    return float(stdtrit(freedom, (1 + LEVEL) / 2))


def _p_value(estimate: Estimate) -> float:
    from scipy.special import stdtr  # noqa: PLC0415 - the same

    if estimate.clusters == 1 or estimate.value == 0:
        return 1.0
    if estimate.se == 0:  # all clusters agree exactly: use the sign test
        return float(2.0 ** (1 - estimate.clusters))
    return float(2 * stdtr(estimate.clusters - 1, -abs(estimate.value) / estimate.se))


def wilson_interval(share: float, trials: float, quantile: float) -> tuple[float, float]:
    """Compute Wilson's interval of a share of `trials` independent trials; see `statistics.wilson`."""
    spread = quantile * quantile / trials
    centre = share + spread / 2
    reach = sqrt(spread * (share * (1 - share) + spread / 4))
    # Exact ends: rounding would otherwise leave them slightly off.
    low = 0.0 if share == 0 else (centre - reach) / (1 + spread)
    high = 1.0 if share == 1 else (centre + reach) / (1 + spread)
    return low, high


def as_numbers(values: Iterable[Any]) -> Numbers:
    """Return scores as numbers; None becomes NaN."""
    import numpy as np  # noqa: PLC0415

    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def both_scored(first: Numbers, second: Numbers) -> tuple[int, int, int]:
    """Count the samples scored in both runs, only in the first, and only in the second."""
    import numpy as np  # noqa: PLC0415

    one, other = ~np.isnan(first), ~np.isnan(second)
    return int((one & other).sum()), int((one & ~other).sum()), int((other & ~one).sum())
