"""Intervals of a benchmark's own metrics, from the units that they count: groups of rotations, figures, pictures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from math import inf, sqrt
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.report.scores.inference import Estimate, as_numbers, clustered_share, clusters_of, freedom, t_point
from prism_engine.scoring import Group, groups_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prism_engine.report.scores.inference import Labels, Numbers
    from prism_engine.scoring import Metric, Unit


def with_intervals(metrics: Sequence[Metric], units: Iterable[Unit]) -> tuple[Metric, ...]:
    """Return the metrics with the 95 % intervals of those that the units make up.

    Args:
        units: a scorer's units of the same rows.
    """
    found: dict[tuple[str, Group], Estimate] = {}
    maxima = {metric.name: metric.maximum for metric in metrics}
    for name, own in by_metric(units):
        clusters = unit_clusters(own)
        for group, places in _groups(own).items():
            estimated = estimate([own[place] for place in places], clusters[places], maxima.get(name, inf))
            if estimated is not None:
                found[name, group] = estimated
    return tuple(
        _with_interval(metric, found.get((metric.name, Group(metric.split, metric.level, metric.group))))
        for metric in metrics
    )


def _groups(units: Sequence[Unit]) -> dict[Group, list[int]]:
    """Return the positions of each group's units."""
    members: defaultdict[Group, list[int]] = defaultdict(list)
    for place, unit in enumerate(units):
        first = unit.rows[0]
        for group in groups_of(first.split, first.l2_category, first.category):
            members[group].append(place)
    return members


def _with_interval(metric: Metric, found: Estimate | None) -> Metric:
    if found is None or metric.value is None or found.clusters == 1:
        return metric
    if abs(found.value - metric.value) > 1e-9 * metric.maximum:
        return metric  # a profile that reproduces defects counts other rows
    return replace(metric, low=found.low, high=found.high)


def unit_clusters(units: Sequence[Unit]) -> Labels:
    """Number the clusters of units: those that share a picture or a row, directly or through other units."""
    return clusters_of([key for row in unit.rows for key in (*row.images, f"row {row.index}")] for unit in units)


class Sums(NamedTuple):
    """A metric's numerators and denominators, as matrices with a row per part and a column per cluster."""

    values: Numbers
    weights: Numbers

    @classmethod
    def of(cls, units: Sequence[Unit], clusters: Labels, groups: int) -> Sums:
        """Add up a metric's units by part and cluster."""
        import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

        parts = {part: row for row, part in enumerate(dict.fromkeys(unit.part for unit in units))}
        rows = np.array([parts[unit.part] for unit in units])
        places, size = rows * groups + clusters, len(parts) * groups
        values, weights = (
            np.bincount(places, as_numbers(getattr(unit, name) for unit in units), size).reshape(-1, groups)
            for name in ("value", "weight")
        )
        return cls(values.astype(np.float64), weights.astype(np.float64))

    @property
    def metric(self) -> float | None:
        """The metric's value; None if a part has no weight."""
        totals = self.weights.sum(axis=1)
        return float((self.values.sum(axis=1) / totals).sum()) if totals.all() else None

    @property
    def influences(self) -> Numbers:
        """How much each cluster moves the metric: the linear terms of its Taylor series, which sum to 0."""
        totals = self.weights.sum(axis=1, keepdims=True)
        ratios = self.values.sum(axis=1, keepdims=True) / totals
        moved: Numbers = ((self.values - ratios * self.weights) / totals).sum(axis=0)
        return moved


def estimate(units: Sequence[Unit], clusters: Labels, maximum: float) -> Estimate | None:
    """Estimate a metric with a clustered 95 % interval within 0 and its maximum; None if it has no value.

    A share of units that are right or wrong has the interval of `clustered_share`. Any other metric, a sum of ratios,
    is linearised (J. G. Woodruff, J. Am. Stat. Assoc. 66 (1971) 411-414) and has a t interval.
    """
    import numpy as np  # noqa: PLC0415

    values, weights = (as_numbers(getattr(unit, name) for unit in units) for name in ("value", "weight"))
    scale = _scale(values, maximum)
    if len({unit.part for unit in units}) == 1 and (weights == 1).all() and scale is not None:
        share = clustered_share(values / scale, clusters)
        low, high = (end * scale for end in (share.low, share.high))
        return replace(share, value=share.value * scale, se=share.se * scale, low=low, high=high)
    labels, numbers = np.unique(clusters, return_inverse=True)
    sums = Sums.of(units, numbers, len(labels))
    value = sums.metric
    if value is None:
        return None
    sizes = np.bincount(numbers).astype(np.float64)
    found = linear_estimate(value, sums.influences, sizes)
    return replace(found, low=max(0.0, found.low), high=min(maximum, found.high))


def linear_estimate(value: float, influences: Numbers, sizes: Numbers) -> Estimate:
    """Return a number with its standard error and t interval from the influence of each cluster.

    Args:
        sizes: number of units per cluster.
    """
    n, groups = int(sizes.sum()), len(sizes)
    if groups == 1:
        return Estimate(value, inf, -inf, inf, n, 1)
    se = sqrt(float((influences**2 / (1 - sizes / sizes.sum())).sum()))
    degrees = freedom(sizes)
    reach = t_point(degrees) * se
    return Estimate(value, se, value - reach, value + reach, n, groups, degrees)


def _scale(values: Numbers, maximum: float) -> float | None:
    """Return the value of a unit that is right: part of a benchmark with counts has less; None if there is no limit."""
    top = float(values.max())
    if top > 0 and ((values == 0) | (values == top)).all():
        return top
    return maximum if values.min() >= 0 and top <= maximum else None


def by_metric(units: Iterable[Unit]) -> Iterator[tuple[str, list[Unit]]]:
    """Yield each metric's name and units."""
    found: defaultdict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        found[unit.metric].append(unit)
    yield from found.items()
