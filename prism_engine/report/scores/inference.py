"""Means, shares and paired differences with intervals clustered by picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
_RARE: Final = 10
"""Number of average pictures with the rarer answer below which the variance between pictures counts as unknown."""
_FEW_CHANGES: Final = 20
"""The same for the differences of two runs, and their t interval."""


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
    freedom: float = 0.0
    """Degrees of freedom of the standard error; less than clusters - 1 if some clusters are larger than others."""


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
        return self.p_clustered if self.p_mcnemar is None or not self._independent else self.p_mcnemar

    @property
    def test(self) -> str:
        """Name of the test that `p` is from."""
        return "clustered" if self.p_mcnemar is None or not self._independent else "McNemar"

    @property
    def _independent(self) -> bool:
        return self.difference.clusters == self.difference.n


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
    """Estimate a mean with a cluster-robust standard error and a t interval that also hold for a few unequal clusters.

    With w_g = n_g / n and the sum of residuals S_g of cluster g, se² = Σ_g S_g² / (1 - w_g) / n²: the bias-reduced
    (CR2) variance of a regression on a constant (R. M. Bell and D. F. McCaffrey, Survey Methodology 28 (2002) 169-181).
    Degrees of freedom are theirs as well (`freedom`). If all clusters have the same size, both are those of Liang and
    Zeger's (CR1) variance: G/(G-1) · Σ_g S_g² / n² and G - 1, for G clusters; if each sample is its own cluster, this
    is the usual s/√n.

    Args:
        values: at least one.
        clusters: each value's cluster; any integers.
    """
    import numpy as np  # noqa: PLC0415

    mean = float(values.mean())
    _, numbers = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(numbers).astype(np.float64)
    if len(sizes) == 1:  # the variation between pictures is unknown
        return Estimate(mean, float("inf"), float("-inf"), float("inf"), len(values), 1, 0.0)
    sums = np.bincount(numbers, weights=values - mean)
    se = sqrt(float((sums * sums / (1 - sizes / len(values))).sum())) / len(values)
    degrees = freedom(sizes)
    reach = t_point(degrees) * se
    return Estimate(mean, se, mean - reach, mean + reach, len(values), len(sizes), degrees)


def freedom(sizes: Numbers) -> float:
    """Return the degrees of freedom of the variance of `clustered_mean`: few, if a few clusters dominate.

    Satterthwaite's 2 E[V]² / Var[V], as Bell and McCaffrey propose it, for answers that all depend on the cluster:
    cluster sums with variances n_g². With the weights a_g = 1 / (1 - w_g), V is the quadratic form of the matrix
    diag(a) - 1(aw)' - (aw)1' + (Σ a w²) 11' in the sums; its moments follow in linear time.

    Args:
        sizes: number of values per cluster, at least two clusters.
    """
    if (sizes == sizes[0]).all():
        return float(len(sizes) - 1)
    weights = sizes / sizes.sum()
    scaled = weights / (1 - weights)
    diagonal = sizes * sizes / (1 - weights)
    cross = sizes * scaled
    shared = float((scaled * weights).sum())
    own, mixed, both = float(sizes @ sizes), float(sizes @ cross), float(cross @ cross)
    trace = float(diagonal.sum()) - 2 * mixed + shared * own
    square = float(diagonal @ diagonal) + 2 * float(-2 * (diagonal @ (sizes * cross)) + shared * (diagonal @ sizes**2))
    square += 2 * mixed**2 + 2 * own * both - 4 * shared * mixed * own + (shared * own) ** 2
    return trace * trace / square


def clustered_share(values: Numbers, clusters: Labels) -> Estimate:
    """Estimate a share of right answers with an interval that stays within 0 and 1, even at 0 % and 100 %.

    Wilson's interval for the effective sample size n* = p(1-p) / se², at most n, with se and the degrees of freedom of
    `clustered_mean` and t in place of the normal quantile (E. L. Korn and B. I. Graubard, Survey Methodology 24 (1998)
    193-201, do this with another base interval). If the rarer answer occurs in too few pictures (`_RARE`), the variance
    between pictures is unknown: n* is then at most their effective number, n² / Σ n_g², which is what n is worth if all
    answers about a picture are alike. `benchmarks/coverage.py` measures the coverage.

    Args:
        values: each from 0 to 1.
        clusters: as for `clustered_mean`.
    """
    mean = clustered_mean(values, clusters)
    share = min(1.0, max(0.0, mean.value))  # rounding
    if mean.clusters == 1:
        return replace(mean, low=0.0, high=1.0)
    trials = float(mean.n) if not mean.se else share * (1 - share) / mean.se**2
    if mean.clusters < mean.n:
        rarer = values > 0 if share <= 1 / 2 else values < 1
        trials = min(trials, mean.n if _worth(rarer, clusters) >= _RARE else _effective(clusters))
    elif not is_binary(values):
        return replace(mean, low=max(0.0, mean.low), high=min(1.0, mean.high))
    low, high = wilson_interval(share, min(trials, mean.n), t_point(mean.freedom))
    return replace(mean, low=low, high=high)


def _worth(marked: NDArray[np.bool_], clusters: Labels) -> float:
    """Return how many equally large clusters those with a marked value are worth."""
    import numpy as np  # noqa: PLC0415

    return float(np.isin(clusters, clusters[marked]).mean()) * _effective(clusters)


def _effective(clusters: Labels) -> float:
    """Return the number of equally large clusters that are worth as much as these."""
    import numpy as np  # noqa: PLC0415

    sizes = np.unique(clusters, return_counts=True)[1].astype(np.float64)
    return float(sizes.sum() ** 2 / (sizes @ sizes))


def paired(first: Numbers, second: Numbers, clusters: Labels) -> Paired:
    """Compare two runs sample by sample.

    The interval of the difference is that of `clustered_mean`. If right answers differ in too few pictures
    (`_FEW_CHANGES`), or all differ alike, it is the one of D. G. Bonett and R. M. Price (Br. J. Math. Stat. Psychol. 65
    (2012) 479-488), which adds one question that improved and one that worsened; the samples are then worth as many as
    there are equally large pictures, or fewer, if their variance says so.

    Args:
        first: scores, each from 0 to 1, at least one.
        second: the same samples' scores in the other run.
    """
    differences = second - first
    binary = is_binary(first) and is_binary(second)
    estimate = (clustered_difference if binary else clustered_mean)(differences, clusters)
    improved, worsened = int((differences > 0).sum()), int((differences < 0).sum())
    return Paired(
        estimate,
        improved,
        worsened,
        p_clustered=p_value(estimate),
        p_mcnemar=mcnemar(improved, worsened) if binary else None,
    )


def _with_rare_changes(estimate: Estimate, differences: Numbers, clusters: Labels) -> Estimate:
    """Return the estimate with Bonett and Price's interval if differences are rare or all the same."""
    if estimate.se and _worth(differences != 0, clusters) >= _FEW_CHANGES:
        return estimate
    changed = float((differences * differences).mean())  # of answers right or wrong: the share that differs
    trials = _effective(clusters)
    if estimate.se:
        trials = min(trials, (changed - estimate.value**2) / estimate.se**2)
    centre, spread = (share * trials / (trials + 2) for share in (estimate.value, changed))
    spread += 2 / (trials + 2)
    reach = t_point(estimate.freedom) * sqrt((spread - centre**2) / (trials + 2))
    return replace(estimate, low=max(-1.0, centre - reach), high=min(1.0, centre + reach))


def clustered_difference(differences: Numbers, clusters: Labels) -> Estimate:
    """Estimate the mean of paired differences, each from -1 to 1, with the interval of `paired`.

    Args:
        differences: at least one.
        clusters: as for `clustered_mean`.
    """
    estimate = clustered_mean(differences, clusters)
    return estimate if estimate.clusters == 1 else _with_rare_changes(estimate, differences, clusters)


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


def t_point(freedom: float) -> float:
    """Return the 97.5 % point of the t distribution."""
    from scipy.special import stdtrit  # noqa: PLC0415 - scipy.stats takes a second to import

    return float(stdtrit(freedom, (1 + LEVEL) / 2))


def p_value(estimate: Estimate) -> float:
    """Return the two-sided t test of a mean, difference or sum against 0."""
    from scipy.special import stdtr  # noqa: PLC0415 - the same

    if estimate.clusters == 1 or estimate.value == 0:
        return 1.0
    if estimate.se == 0:  # all clusters agree exactly: use the sign test
        return float(2.0 ** (1 - estimate.clusters))
    return float(2 * stdtr(estimate.freedom, -abs(estimate.value) / estimate.se))


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
