"""Means, shares and paired differences with intervals that know that questions about one picture go together."""

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
"""Of every interval here."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its standard error and 95 % interval."""

    value: float
    se: float
    """Standard error; 0 where nothing varies."""
    low: float
    high: float
    n: int
    """Samples."""
    clusters: int
    """Pictures, or groups of pictures that a sample shows together: what is independent."""


@dataclass(frozen=True, slots=True)
class Paired:
    """Two runs on the same samples: by how much the second is better than the first."""

    difference: Estimate
    """Second minus first."""
    improved: int
    """Samples on which the second scored higher."""
    worsened: int
    p_clustered: float
    """Two-sided, t test of the mean difference with its clustered standard error."""
    p_mcnemar: float | None
    """Two-sided exact McNemar test; None where a score is neither 0 nor 1."""

    @property
    def p(self) -> float:
        """The p value to go by: the exact one where pictures do not repeat, since it takes samples as independent."""
        independent = self.difference.clusters == self.difference.n
        return self.p_clustered if self.p_mcnemar is None or not independent else self.p_mcnemar

    @property
    def test(self) -> str:
        """Which of the two `p` is."""
        return "McNemar" if self.p == self.p_mcnemar else "clustered"


def clusters_of(pictures: Iterable[Sequence[str]]) -> Labels:
    """Number the clusters of samples: two samples are in one where a picture of theirs is the same, also by detours.

    Args:
        pictures: each sample's picture digests; a sample without any is a cluster of its own.
    """
    import numpy as np  # noqa: PLC0415 - a run that needs no statistics starts without it

    parents: list[int] = []
    owners: dict[str, int] = {}

    def root(place: int) -> int:
        while parents[place] != place:
            parents[place] = place = parents[parents[place]]
        return place

    for place, digests in enumerate(pictures):
        parents.append(place)
        for digest in digests:
            parents[root(owners.setdefault(digest, place))] = root(place)
    return np.unique([root(place) for place in range(len(parents))], return_inverse=True)[1].astype(np.int64)


def clustered_mean(values: Numbers, clusters: Labels) -> Estimate:
    """Estimate a mean with a cluster-robust standard error and a t interval.

    With residuals e = y - mean and G clusters, se² = G/(G-1) · Σ_g (Σ_{i in g} e_i)² / n², and the interval takes t
    with G-1 degrees of freedom: the cluster-robust (CR1) variance of an ordinary regression on a constant (K.-Y. Liang
    and S. L. Zeger, Biometrika 73 (1986) 13-22). Where each sample is its own cluster this is the usual s/√n.

    Args:
        values: at least one.
        clusters: each value's cluster, any numbers.
    """
    import numpy as np  # noqa: PLC0415

    mean = float(values.mean())
    _, numbers = np.unique(clusters, return_inverse=True)
    sums = np.bincount(numbers, weights=values - mean)
    groups = len(sums)
    if groups == 1:  # nothing says how much another picture would differ
        return Estimate(mean, float("inf"), float("-inf"), float("inf"), len(values), 1)
    se = sqrt(groups / (groups - 1) * float(sums @ sums)) / len(values)
    reach = t_point(groups - 1) * se
    return Estimate(mean, se, mean - reach, mean + reach, len(values), groups)


def clustered_share(values: Numbers, clusters: Labels) -> Estimate:
    """Estimate a share of right answers with an interval that stays within 0 and 1, also at 0 % and 100 %.

    Wilson's interval for as many samples as the clustered ones are worth: n* = p(1-p) / se², with the standard error of
    `clustered_mean` and t in place of the normal quantile; never more than n, and G where nothing varies
    (E. L. Korn and B. I. Graubard, Survey Methodology 24 (1998) 193-201, do so with another base interval). For values
    between 0 and 1, `clustered_mean` cut at 0 and 1.
    """
    mean = clustered_mean(values, clusters)
    if mean.clusters == 1:
        return Estimate(mean.value, mean.se, 0.0, 1.0, mean.n, 1)
    if not is_binary(values):
        return Estimate(mean.value, mean.se, max(0.0, mean.low), min(1.0, mean.high), mean.n, mean.clusters)
    spread = mean.value * (1 - mean.value)
    worth = mean.clusters if not spread else mean.n if not mean.se else min(mean.n, spread / mean.se**2)
    low, high = wilson_interval(mean.value, worth, t_point(mean.clusters - 1))
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
    """Compute the exact two-sided McNemar test: a coin's chance of so uneven a split of the samples that differ."""
    from scipy.stats import binomtest  # noqa: PLC0415 - the same

    total = improved + worsened
    return float(binomtest(improved, total, 0.5).pvalue) if total else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for their number, so that all may be read at once (S. Holm, Scand. J. Stat. 6 (1979) 65-70)."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def is_binary(values: Numbers) -> bool:
    """Tell whether all is right (1) or wrong (0)."""
    return bool(((values == 0) | (values == 1)).all())


def t_point(freedom: int) -> float:
    """Return the 97.5 % point of the t distribution."""
    from scipy.special import stdtrit  # noqa: PLC0415 - scipy.stats takes a second to import

    return float(stdtrit(freedom, (1 + LEVEL) / 2))


def _p_value(estimate: Estimate) -> float:
    from scipy.special import stdtr  # noqa: PLC0415 - the same

    if estimate.clusters == 1 or estimate.value == 0:
        return 1.0
    if estimate.se == 0:  # every cluster says exactly the same: what is left is the chance of so many equal signs
        return float(2.0 ** (1 - estimate.clusters))
    return float(2 * stdtr(estimate.clusters - 1, -abs(estimate.value) / estimate.se))


def wilson_interval(share: float, worth: float, quantile: float) -> tuple[float, float]:
    """Compute Wilson's interval of a share of `worth` independent trials; see `statistics.wilson`."""
    spread = quantile * quantile / worth
    centre = share + spread / 2
    reach = sqrt(spread * (share * (1 - share) + spread / 4))
    # Exact ends: rounding would otherwise leave them a hair outside or inside.
    low = 0.0 if share == 0 else (centre - reach) / (1 + spread)
    high = 1.0 if share == 1 else (centre + reach) / (1 + spread)
    return low, high


def as_numbers(values: Iterable[Any]) -> Numbers:
    """Return scores as numbers; None becomes NaN."""
    import numpy as np  # noqa: PLC0415

    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def both_scored(first: Numbers, second: Numbers) -> tuple[int, int, int]:
    """Count the samples that both runs have a score for, and those that only one of them has."""
    import numpy as np  # noqa: PLC0415

    one, other = ~np.isnan(first), ~np.isnan(second)
    return int((one & other).sum()), int((one & ~other).sum()), int((other & ~one).sum())
