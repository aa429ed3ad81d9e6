"""Coverage of the clustered interval of an accuracy, for pictures of many sizes and answers that depend on them.

Each picture has its own probability of a right answer, drawn from a beta distribution with mean p and the given
intraclass correlation; its questions are then answered independently (beta-binomial). For every layout of questions
over pictures, the script prints how often each method's 95 % interval contains p: the worst case over p from 0.05 to
0.98 and correlations from 0 to 0.8, and the mean. A second table has the interval of the difference of two runs.

    python benchmarks/coverage.py [--runs 1000] [--seed 0]
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from prism_engine.report.scores.inference import clustered_mean, clustered_share, paired, t_point, wilson_interval
from prism_engine.report.scores.statistics import wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prism_engine.report.scores.inference import Labels, Numbers

    Method = Callable[[Numbers, Labels], tuple[float, float]]

LAYOUTS: Final = {
    "5 pictures x 2": [2] * 5,
    "10 x 2": [2] * 10,
    "20 x 3": [3] * 20,
    "100 x 3": [3] * 100,
    "6 x 10": [10] * 6,
    "12 x 10": [10] * 12,
    "30, sizes 60 / rank": [max(1, 60 // rank) for rank in range(1, 31)],
    "100, sizes 100 / rank": [max(1, 100 // rank) for rank in range(1, 101)],
    "20 x 20 and 280 x 2": [20] * 20 + [2] * 280,
    "10 x 20 and 40 x 2": [20] * 10 + [2] * 40,
    "8 x 30 and 30 x 3": [30] * 8 + [3] * 30,
    "20 x 50 and 60 x 1": [50] * 20 + [1] * 60,
    "10 x 100 and 30 x 1": [100] * 10 + [1] * 30,
    "5 x 100 and 30 x 1": [100] * 5 + [1] * 30,
    "3 x 40 and 20 x 1": [40] * 3 + [1] * 20,
    "2 x 100 and 50 x 2": [100] * 2 + [2] * 50,
    "1 x 60 and 40 x 1": [60] + [1] * 40,
}
"""Number of questions about each picture."""
ALONE: Final = {f"{many} pictures x 1": [1] * many for many in (10, 20, 30, 50, 100)}
SHARES: Final = (0.05, 0.2, 0.5, 0.8, 0.98)
CORRELATIONS: Final = (0.0, 0.1, 0.3, 0.8)
"""Correlation of two answers about one picture."""


class Change(NamedTuple):
    """How two runs differ."""

    discordance: float
    """Share of the questions that only one of them gets right."""
    difference: float


CHANGES: Final = tuple(
    Change(*each)
    for each in ((0.05, 0.0), (0.05, 0.03), (0.1, 0.0), (0.1, 0.05), (0.1, 0.1), (0.3, 0.0), (0.3, 0.2), (0.5, 0.3))
)


class Coverage(NamedTuple):
    """How often one method's interval contains the true accuracy."""

    share: float
    """Of the simulated runs, in one case."""
    p: float
    correlation: float
    width: float
    """Mean width of the interval."""


def shown(values: Numbers, clusters: Labels) -> tuple[float, float]:
    """Return the interval that prism shows where pictures repeat."""
    found = clustered_share(values, clusters)
    return found.low, found.high


def independent(values: Numbers, clusters: Labels) -> tuple[float, float]:
    """Return Wilson's interval, as if no answer depended on its picture."""
    del clusters
    return wilson(float(values.sum()), len(values))


def unreduced(values: Numbers, clusters: Labels) -> tuple[float, float]:
    """Return Wilson's interval for p(1-p) / se² samples with Liang and Zeger's variance: prism's until 2026-11-29."""
    mean = float(values.mean())
    sums = np.bincount(clusters, values - mean)
    se = np.sqrt(len(sums) / (len(sums) - 1) * (sums @ sums)) / len(values)
    trials = len(values) if not se else min(len(values), mean * (1 - mean) / se**2)
    return wilson_interval(mean, trials if 0 < mean < 1 else len(sums), t_point(len(sums) - 1))


def normal(values: Numbers, clusters: Labels) -> tuple[float, float]:
    """Return the t interval of the mean, with bias-reduced variance."""
    found = clustered_mean(values, clusters)
    return found.low, found.high


METHODS: Final = {"prism": shown, "t": normal, "CR1 Wilson": unreduced, "Wilson": independent}


def answers(draw: np.random.Generator, clusters: Labels, p: float, correlation: float) -> Numbers:
    """Return right (1) and wrong (0) answers with the given mean, correlated within each picture."""
    many = int(clusters.max()) + 1
    spread = (1 - correlation) / correlation if correlation else np.inf
    each = draw.beta(p * spread, (1 - p) * spread, many) if correlation else np.full(many, p)
    right: Numbers = (draw.random(len(clusters)) < each[clusters]).astype(np.float64)
    return right


def coverages(
    sizes: Sequence[int], runs: int, seed: int, methods: Mapping[str, Method] = METHODS
) -> dict[str, list[Coverage]]:
    """Return each method's coverage for one layout, over all accuracies and correlations."""
    draw = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    found: defaultdict[str, list[Coverage]] = defaultdict(list)
    for correlation in CORRELATIONS:
        for p in SHARES:
            drawn = [answers(draw, clusters, p, correlation) for _ in range(runs)]
            for name, method in methods.items():
                ends = np.array([method(values, clusters) for values in drawn])
                inside = (ends[:, 0] <= p) & (p <= ends[:, 1])
                width = float(np.diff(ends.clip(0, 1)).mean())
                found[name].append(Coverage(float(inside.mean()), p, correlation, width))
    return dict(found)


def changes(draw: np.random.Generator, clusters: Labels, change: Change, correlation: float) -> tuple[Numbers, Numbers]:
    """Return the answers of two runs that differ as planned, correlated within each picture (Dirichlet-multinomial)."""
    better, worse = ((change.discordance + sign * change.difference) / 2 for sign in (1, -1))
    shares = np.array([worse, 1 - change.discordance, better])
    many = int(clusters.max()) + 1
    spread = np.maximum(shares * (1 - correlation) / correlation, 1e-6) if correlation else shares
    each = (draw.dirichlet(spread, many) if correlation else np.tile(shares, (many, 1)))[clusters]
    drawn = draw.random(len(clusters))
    worsened, improved = drawn < each[:, 0], drawn >= each[:, 0] + each[:, 1]
    return worsened.astype(np.float64), improved.astype(np.float64)


def difference_coverages(sizes: Sequence[int], runs: int, seed: int) -> list[Coverage]:
    """Return the coverage of the interval of a paired difference for one layout; `p` is the true difference."""
    draw = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    found = []
    for correlation in CORRELATIONS:
        for change in CHANGES:
            drawn = [paired(*changes(draw, clusters, change, correlation), clusters).difference for _ in range(runs)]
            inside = [each.low <= change.difference <= each.high for each in drawn]
            width = float(np.mean([each.high - each.low for each in drawn]))
            found.append(Coverage(float(np.mean(inside)), change.difference, correlation, width))
    return found


def main() -> None:
    """Simulate every layout and print a line per method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000, help="simulated runs per case")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    line = partial("{:<24} {:<12} {:>7} {:>6} {:>6} {:>7} {:>7}".format)
    print(line("questions per picture", "method", "worst", "p", "icc", "mean", "width"))
    for layout, sizes in LAYOUTS.items():
        for name, cases in coverages(sizes, options.runs, options.seed).items():
            worst = min(cases)
            mean, width = (float(np.mean([getattr(case, field) for case in cases])) for field in ("share", "width"))
            numbers = (f"{worst.share:.3f}", f"{worst.p:g}", f"{worst.correlation:g}", f"{mean:.3f}", f"{width:.3f}")
            print(line(layout, name, *numbers), flush=True)
    print(f"\n{line('paired difference', '', 'worst', 'diff', 'icc', 'mean', 'width')}")
    for layout, sizes in {**ALONE, **LAYOUTS}.items():
        cases = difference_coverages(sizes, options.runs, options.seed)
        worst = min(cases)
        mean, width = (float(np.mean([getattr(case, field) for case in cases])) for field in ("share", "width"))
        numbers = (f"{worst.share:.3f}", f"{worst.p:g}", f"{worst.correlation:g}", f"{mean:.3f}", f"{width:.3f}")
        print(line(layout, "prism", *numbers), flush=True)


if __name__ == "__main__":
    main()
