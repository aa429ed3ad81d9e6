"""Differences between two runs in a benchmark's own metrics, which may count figures, pictures or ratios, not rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.report.scores.inference import p_value
from prism_engine.report.scores.units import Sums, by_metric, linear_estimate, unit_clusters
from prism_engine.scoring import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.report.scores.finished import FinishedRun
    from prism_engine.report.scores.inference import Estimate
    from prism_engine.scoring import Unit


@dataclass(frozen=True, slots=True)
class MetricContrast:
    """One metric of two runs, over the samples with a score in both."""

    metric: str
    unit: str
    """What it counts."""
    maximum: float
    first: float
    second: float
    difference: Estimate
    """Second minus first, in the metric's unit."""
    p: float
    """Two-sided t test, clustered by picture and unit."""


def metric_contrasts(first: FinishedRun, second: FinishedRun) -> Iterator[MetricContrast]:
    """Compare the metrics over all rows of two runs of one answer kind under the same rules; others have none.

    Rotations of a question's options are compared by question as samples, so their metrics are left out.
    """
    scorer = first.scorer
    if scorer is None or second.scorer is None or scorer.rotated:
        return
    if type(scorer).units is Scorer.units:  # nothing to compare: do not read the rows
        return
    if (scorer.kind, scorer.profile) != (second.scorer.kind, second.scorer.profile):
        return
    both = set.intersection(*({row.index for row in run.rows if row.score is not None} for run in (first, second)))
    rows = [[row for row in run.rows if row.index in both] for run in (first, second)]
    units = [dict(by_metric(scorer.units(each))) for each in rows]
    for metric in scorer.metrics(rows[0]):
        if metric.level == "overall" and metric.split is None and all(metric.name in each for each in units):
            compared = _compared(*(each[metric.name] for each in units))
            if compared is not None:
                *_, difference = compared
                yield MetricContrast(metric.name, metric.unit, metric.maximum, *compared, p_value(difference))


def _compared(first: list[Unit], second: list[Unit]) -> tuple[float, float, Estimate] | None:
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

    clusters = unit_clusters([*first, *second])
    groups = int(clusters.max()) + 1
    ours, theirs = clusters[: len(first)], clusters[len(first) :]
    one, other = Sums.of(first, ours, groups), Sums.of(second, theirs, groups)
    before, after = one.metric, other.metric
    if before is None or after is None:
        return None
    sizes = np.bincount(ours, minlength=groups).astype(np.float64)
    return before, after, linear_estimate(after - before, other.influences - one.influences, sizes)
