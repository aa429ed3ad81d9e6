"""Cluster bootstrap of mean scores: their variation under resampling of the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.report.scores.inference import Labels, Numbers

REPLICATES: Final = 2_000
SEED: Final = 20240620
"""Fixed, so equal results give equal intervals."""
_MAX_WEIGHTS: Final = 4_000_000
"""Maximum number of weights in memory at once."""


def resampled_means(scores: Numbers, clusters: Labels, *, seed: int = SEED, replicates: int = REPLICATES) -> Numbers:
    """Return each run's mean score per replicate; pictures are drawn with replacement, the same for all runs.

    The cluster bootstrap (A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application, 1997, 3.8). All
    runs share a replicate's pictures, so differences between runs can be taken replicate by replicate.

    Args:
        scores: a row per run; NaN where a run has no score, which is left out of its mean.
        clusters: the columns' clusters, numbered from 0 without gaps.

    Returns:
        A row per replicate, a column per run.
    """
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

    groups = int(clusters.max()) + 1
    scored = ~np.isnan(scores)
    sums = np.stack(
        [np.bincount(clusters, np.where(mask, row, 0.0), groups) for row, mask in zip(scores, scored, strict=True)]
    )
    counts = np.stack([np.bincount(clusters, mask, groups) for mask in scored])
    with np.errstate(invalid="ignore"):  # a replicate may have no score of a run with very few
        means: Numbers = np.concatenate(
            [(weights @ sums.T) / (weights @ counts.T) for weights in _weights(groups, seed, replicates)]
        )
    return means


def resampled_ratios(sums: Sequence[tuple[Numbers, Numbers]], *, seed: int = SEED) -> list[Numbers]:
    """Return replicates of each metric that is a sum of ratios; all share a replicate's clusters.

    Args:
        sums: each metric's numerators and denominators: a row per part, a column per cluster.
    """
    import numpy as np  # noqa: PLC0415 - the same

    found: list[list[Numbers]] = [[] for _ in sums]
    with np.errstate(invalid="ignore", divide="ignore"):  # as above
        for weights in _weights(sums[0][0].shape[1], seed, REPLICATES):
            for parts, (values, totals) in zip(found, sums, strict=True):
                parts.append(((weights @ values.T) / (weights @ totals.T)).sum(axis=1))
    return [np.concatenate(parts) for parts in found]


def _weights(groups: int, seed: int, replicates: int) -> Iterator[Numbers]:
    """Yield how often each replicate has each cluster, a batch of replicates at a time."""
    import numpy as np  # noqa: PLC0415 - the same

    draw = np.random.default_rng(seed)
    step = max(1, _MAX_WEIGHTS // groups)
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        yield draw.multinomial(groups, np.full(groups, 1 / groups), size=size).astype(np.float64)


def percentile_interval(replicates: Numbers) -> tuple[float, float]:
    """Return the 2.5 % and 97.5 % points."""
    import numpy as np  # noqa: PLC0415

    low, high = np.nanpercentile(replicates, (2.5, 97.5))
    return float(low), float(high)


def percentile_intervals(replicates: Numbers) -> list[tuple[float, float]]:
    """Do `percentile_interval` for each row: in one step, which is several times as fast, unless a value is missing."""
    import numpy as np  # noqa: PLC0415

    if np.isnan(replicates).any():
        return [percentile_interval(row) for row in replicates]
    low, high = np.percentile(replicates, (2.5, 97.5), axis=1)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def mean_over(parts: Sequence[Numbers]) -> Numbers:
    """Return the plain mean over benchmarks of a run's replicates."""
    import numpy as np  # noqa: PLC0415

    mean: Numbers = np.mean(np.stack(parts), axis=0)
    return mean
