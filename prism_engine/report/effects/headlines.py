"""The number by which each run of a benchmark is quoted, from 0 to 100, with its bootstrap replicates."""

from __future__ import annotations

from math import isnan, nan
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.report.effects.bootstrap import resampled_means, resampled_ratios
from prism_engine.report.scores.units import Sums, unit_clusters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.report.scores.aligned import AlignedRuns
    from prism_engine.report.scores.finished import FinishedRun
    from prism_engine.report.scores.inference import Numbers
    from prism_engine.scoring import Unit


class Headline(NamedTuple):
    """One run's headline."""

    value: float
    """As a share of its maximum (MME's is 2,800, OCRBench's 1,000), times 100; NaN if it could not be computed."""
    drawn: Numbers | None
    """Its value in each replicate of the cluster bootstrap; None if it cannot be computed from the run's rows."""


def headlines(column: Sequence[AlignedRuns]) -> Iterator[tuple[FinishedRun, Headline]]:
    """Yield the headline of each run of one or more benchmarks: the metric of its answer kind, else the accuracy.

    A metric is computed from the run's rows by today's rules, so that folders of any version of prism can be ranked
    together. All runs share the pictures drawn in a replicate, also those of benchmarks that share pictures.
    """
    quoted = iter(_from_units([run for aligned in column for run in aligned.runs]))
    for aligned in column:
        means = None
        for place, run in enumerate(aligned.runs):
            found = next(quoted)
            if found is None:
                means = means or _means(aligned)
                values, drawn = means
                found = _recorded_or_mean(run, values[place], drawn[place])
            yield run, found


def _means(aligned: AlignedRuns) -> tuple[list[float], list[Numbers]]:
    """Return each run's mean score and its replicates."""
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

    values = [nan if np.isnan(scores).all() else 100 * float(np.nanmean(scores)) for scores in aligned.scores]
    return values, list(100 * resampled_means(np.stack(aligned.scores), aligned.clusters).T)


def _recorded_or_mean(run: FinishedRun, mean: float, drawn: Numbers) -> Headline:
    """Return the metric that the run's `scores.json` is quoted by, else its mean score."""
    name, metrics = run.scores.get("headline"), run.scores.get("metrics")
    for metric in metrics if name is not None and isinstance(metrics, list) else ():
        if (metric["name"], metric.get("group"), metric.get("split")) == (name, None, None):
            value = nan if metric["value"] is None else 100 * float(metric["value"]) / float(metric["maximum"])
            return Headline(value, drawn if abs(value - mean) < 1e-9 else None)
    return Headline(mean, None if isnan(mean) else drawn)


def _from_units(runs: Sequence[FinishedRun]) -> list[Headline | None]:
    """Return the headlines of the runs whose answer kind has a metric of its own and says what it counts."""
    metrics = [_metric(run) for run in runs]
    together = [unit for metric in metrics if metric is not None for unit in metric.units]
    if not together:
        return [None] * len(runs)
    clusters = unit_clusters(together)
    groups, start = int(clusters.max()) + 1, 0
    sums: dict[int, Sums] = {}
    for place, metric in enumerate(metrics):
        if metric is not None:
            end = start + len(metric.units)
            own = Sums.of(metric.units, clusters[start:end], groups)
            if metric.is_made_of(own):
                sums[place] = own
            start = end
    drawn = dict(zip(sums, resampled_ratios(list(sums.values())), strict=True)) if sums else {}
    return [None if metric is None else metric.headline(drawn.get(place)) for place, metric in enumerate(metrics)]


class _Quoted(NamedTuple):
    """A run's headline metric."""

    value: float
    """NaN if it could not be computed."""
    maximum: float
    units: list[Unit]
    """At least one."""

    def is_made_of(self, sums: Sums) -> bool:
        """Whether the units make up the value: profiles that reproduce defects may count other rows."""
        total = sums.metric
        return total is not None and abs(self.value - total) <= 1e-9 * self.maximum

    def headline(self, drawn: Numbers | None) -> Headline:
        """Return it from 0 to 100."""
        scale = 100 / self.maximum
        return Headline(scale * self.value, None if drawn is None else scale * drawn)


def _metric(run: FinishedRun) -> _Quoted | None:
    """Return a run's headline metric; None if it is quoted otherwise."""
    scorer = run.scorer
    if scorer is None or scorer.headline is None:
        return None
    units = [unit for unit in scorer.units(run.rows) if unit.metric == scorer.headline]
    for metric in scorer.metrics(run.rows) if units else ():
        if (metric.name, metric.level, metric.split) == (scorer.headline, "overall", None):
            return _Quoted(nan if metric.value is None else metric.value, metric.maximum, units)
    return None
