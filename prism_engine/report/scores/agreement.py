"""Agreement between two judges, or a judge and people: three correlations with cluster-bootstrap intervals."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESAMPLES: Final = 1000
SEED: Final = 20_241_121
_MAX_PAIRED: Final = 1500
"""Maximum number of rows whose pairs are kept as matrices, 18 MB each."""
_MIN_DEFINED: Final = 0.5
"""Minimum share of resamples with a defined correlation for an interval to be reported."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """One number and its 95 % interval."""

    value: float | None
    """None if one side gives every row the same score, or there are fewer than three rows."""
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two lists of scores of the same rows."""

    rows: int
    clusters: int
    """Number of pictures; a row without one is its own cluster."""
    pearson: Correlation
    spearman: Correlation
    kendall: Correlation
    """Kendall's tau-b."""


def agreement(
    one: Sequence[float],
    other: Sequence[float],
    clusters: Sequence[str],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Agreement:
    """Correlate two lists of scores, with numpy and scipy.

    The intervals are percentiles of a bootstrap over whole clusters, because rows that share a picture are not
    independent. Resamples in which a side is constant have no correlation and are left out.

    Args:
        clusters: each row's cluster.
    """
    import numpy as np  # noqa: PLC0415 - heavy, only needed for grading

    left, right = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    members: defaultdict[str, list[int]] = defaultdict(list)
    for row, cluster in enumerate(clusters):
        members[cluster].append(row)
    groups = [np.asarray(rows) for rows in members.values()]
    if len(left) < 3 or _is_constant(left) or _is_constant(right):
        return Agreement(len(left), len(groups), *[Correlation(None, None, None)] * 3)
    kendall = _kendall(left, right)
    drawn = []
    draw = np.random.default_rng(seed)
    for _ in range(resamples):
        rows = np.concatenate([groups[pick] for pick in draw.integers(len(groups), size=len(groups))])
        ones, others = left[rows], right[rows]
        if len(rows) >= 3 and not (_is_constant(ones) or _is_constant(others)):
            drawn.append((_pearson(ones, others), _spearman(ones, others), kendall(rows)))
    whole = (_pearson(left, right), _spearman(left, right), kendall(np.arange(len(left))))
    columns = zip(*drawn, strict=True) if drawn else [()] * 3
    return Agreement(
        len(left),
        len(groups),
        *(_interval(value, column, resamples) for value, column in zip(whole, columns, strict=True)),
    )


def _is_constant(values: Any) -> bool:
    return bool((values == values[0]).all())


def _spearman(left: Any, right: Any) -> float:
    from scipy import stats  # noqa: PLC0415 - heavy, only needed for grading

    return _pearson(stats.rankdata(left), stats.rankdata(right))


def _kendall(left: Any, right: Any) -> Callable[[Any], float]:
    """Return a function that computes tau-b of the rows with the given numbers.

    The order of each pair of rows is the same in all resamples. Computing it once is twenty times as fast as scipy's
    tau per resample, as long as the matrices are not too large.
    """
    import numpy as np  # noqa: PLC0415 - the same
    from scipy import stats  # noqa: PLC0415 - the same

    if len(left) > _MAX_PAIRED:
        return lambda rows: float(stats.kendalltau(left[rows], right[rows], method="asymptotic").statistic)
    one, other = (np.sign(side[:, None] - side[None, :]) for side in (left, right))
    concordant, untied, other_untied = one * other, one * one, other * other

    def tau(rows: Any) -> float:
        counts = np.bincount(rows, minlength=len(left)).astype(float)
        both, first, second = (counts @ matrix @ counts for matrix in (concordant, untied, other_untied))
        return float(both / np.sqrt(first * second))

    return tau


def _pearson(left: Any, right: Any) -> float:
    import numpy as np  # noqa: PLC0415 - the same

    return float(np.corrcoef(left, right)[0, 1])


def _interval(value: float, drawn: Sequence[float], resamples: int) -> Correlation:
    import numpy as np  # noqa: PLC0415 - the same

    if len(drawn) < max(2, _MIN_DEFINED * resamples):
        return Correlation(value, None, None)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Correlation(value, float(low), float(high))
