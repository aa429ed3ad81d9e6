"""How far two judges, or a judge and people, agree: three correlations, with intervals that heed shared pictures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESAMPLES: Final = 1000
SEED: Final = 20_241_121
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
    """Correlate two lists of scores, by scipy.

    The intervals are percentiles over a bootstrap that draws whole clusters, because rows that share a picture are not
    independent. Resamples in which a side is constant have no correlation and are left out.

    Args:
        clusters: what each row belongs to.
    """
    import numpy as np  # noqa: PLC0415 - who grades nothing starts without it
    from scipy import stats  # noqa: PLC0415 - the same

    measures: dict[str, Callable[[Any, Any], Any]] = {
        "pearson": stats.pearsonr,
        "spearman": stats.spearmanr,
        "kendall": stats.kendalltau,
    }
    left, right = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    members: defaultdict[str, list[int]] = defaultdict(list)
    for place, cluster in enumerate(clusters):
        members[cluster].append(place)
    groups = [np.asarray(places) for places in members.values()]
    found = {name: _measured(measure, left, right) for name, measure in measures.items()}
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    draw = np.random.default_rng(seed)
    for _ in range(resamples if found["pearson"] is not None else 0):
        places = np.concatenate([groups[pick] for pick in draw.integers(len(groups), size=len(groups))])
        for name, measure in measures.items():
            value = _measured(measure, left[places], right[places])
            if value is not None:
                drawn[name].append(value)
    return Agreement(
        len(left), len(groups), **{name: _interval(found[name], drawn[name], resamples) for name in measures}
    )


def _measured(measure: Callable[[Any, Any], Any], left: Any, right: Any) -> float | None:
    if len(left) < 3 or (left == left[0]).all() or (right == right[0]).all():
        return None
    return float(measure(left, right).statistic)


def _interval(value: float | None, drawn: list[float], resamples: int) -> Correlation:
    import numpy as np  # noqa: PLC0415 - the same

    if value is None or len(drawn) < max(2, _ENOUGH * resamples):
        return Correlation(value, None, None)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Correlation(value, float(low), float(high))
