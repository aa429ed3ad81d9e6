"""How far two judges, or a judge and people, agree: three correlations, with intervals that heed shared pictures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESAMPLES: Final = 1000
SEED: Final = 20_241_121
_MOST_PAIRED: Final = 1500
"""Rows up to which pairs are kept as matrices of 18 MB each."""
_ENOUGH: Final = 0.5
"""Share of the resamples that must have a correlation for an interval to be given."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """One number and its 95 % interval."""

    value: float | None
    """None where a side says the same of every row, or there are fewer than three rows."""
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Between two lists of scores of the same rows."""

    rows: int
    clusters: int
    """Pictures; rows without one count for themselves."""
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
    """Correlate two lists of scores, by numpy and scipy.

    The intervals are percentiles over a bootstrap that draws whole clusters, because rows that share a picture are not
    independent. Resamples in which a side is constant have no correlation and are left out.

    Args:
        clusters: what each row belongs to.
    """
    import numpy as np  # noqa: PLC0415 - who grades nothing starts without it

    left, right = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    members: defaultdict[str, list[int]] = defaultdict(list)
    for place, cluster in enumerate(clusters):
        members[cluster].append(place)
    groups = [np.asarray(places) for places in members.values()]
    if len(left) < 3 or _is_constant(left) or _is_constant(right):
        return Agreement(len(left), len(groups), *[Correlation(None, None, None)] * 3)
    kendall = _kendall(left, right)
    drawn = []
    draw = np.random.default_rng(seed)
    for _ in range(resamples):
        places = np.concatenate([groups[pick] for pick in draw.integers(len(groups), size=len(groups))])
        ones, others = left[places], right[places]
        if len(places) >= 3 and not (_is_constant(ones) or _is_constant(others)):
            drawn.append((_pearson(ones, others), _spearman(ones, others), kendall(places)))
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
    from scipy import stats  # noqa: PLC0415 - who grades nothing starts without it

    return _pearson(stats.rankdata(left), stats.rankdata(right))


def _kendall(left: Any, right: Any) -> Callable[[Any], float]:
    """Return what computes tau-b of some of the rows, given by their places.

    How each two rows stand to each other is the same in all resamples: computing that once is twenty times as fast as
    scipy's tau for each, up to so many rows that the matrices would be large.
    """
    import numpy as np  # noqa: PLC0415 - the same
    from scipy import stats  # noqa: PLC0415 - the same

    if len(left) > _MOST_PAIRED:
        return lambda places: float(stats.kendalltau(left[places], right[places], method="asymptotic").statistic)
    one, other = (np.sign(side[:, None] - side[None, :]) for side in (left, right))
    concordant, apart, others_apart = one * other, one * one, other * other

    def tau(places: Any) -> float:
        counts = np.bincount(places, minlength=len(left)).astype(float)
        both, first, second = (counts @ matrix @ counts for matrix in (concordant, apart, others_apart))
        return float(both / np.sqrt(first * second))

    return tau


def _pearson(left: Any, right: Any) -> float:
    import numpy as np  # noqa: PLC0415 - the same

    return float(np.corrcoef(left, right)[0, 1])


def _interval(value: float, drawn: Sequence[float], resamples: int) -> Correlation:
    import numpy as np  # noqa: PLC0415 - the same

    if len(drawn) < max(2, _ENOUGH * resamples):
        return Correlation(value, None, None)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Correlation(value, float(low), float(high))
