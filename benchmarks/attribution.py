"""Coverage of the analysis's intervals, on simulated grids with known perception and reasoning effects.

Each grid has 4 perceivers, 3 reasoners and 150 pictures with two questions each. Answers about one picture, to one
question, and of one perceiver about one picture are correlated (a Gaussian copula), while every run's expected accuracy
is exactly what the planted effects imply. In a second set of grids, questions differ in difficulty (standard deviation
1.4 in log odds), and the planted effects are those for the same question. A third part covers simpler cases. The script
prints how often each 95 % interval contains its true value and how often the planted ranking is recovered. With 1,000
grids, a true coverage of 95 % is measured as 93.6 % to 96.4 % in 19 of 20 cases.

    python benchmarks/attribution.py [--grids 1000] [--seed 0]
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from prism_engine.report.effects.bootstrap import percentile_interval, resampled_means
from prism_engine.report.effects.stacked import GridRun
from prism_engine.report.effects.two_factor import TwoFactor, two_factor
from prism_engine.report.scores.inference import clustered_share, paired

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.report.scores.inference import Labels, Numbers

PERCEPTION = {"sharp": 0.6, "good": 0.2, "weak": -0.2, "blurred": -0.6}
"""Planted effects, in log odds."""
REASONING = {"clever": 0.5, "able": 0.0, "simple": -0.5}
LEVEL = 0.2
"""Log odds of a right answer for the average pair."""


class Pictures(NamedTuple):
    """Number of pictures and questions, and the correlation of answers."""

    many: int = 150
    questions: int = 2
    """Questions about each picture."""
    shared: float = 0.2
    """Share of an answer's variance that is due to its picture; its question, and its perceiver's view of the picture,
    have the same share each."""

    @property
    def clusters(self) -> Labels:
        """Each question's picture."""
        return np.repeat(np.arange(self.many), self.questions)


def correlated_uniforms(draw: np.random.Generator, pictures: Pictures, views: int, runs: int) -> Numbers:
    """Return uniform numbers, (views, runs, questions), correlated as `Pictures` specifies."""
    owner = pictures.clusters
    common = draw.normal(size=pictures.many)[owner] + draw.normal(size=len(owner))
    view = draw.normal(size=(views, pictures.many))[:, owner]
    own = draw.normal(size=(views, runs, len(owner)))
    mixed = np.sqrt(pictures.shared) * (common + view[:, None, :]) + np.sqrt(1 - 3 * pictures.shared) * own
    uniform: Numbers = norm.cdf(mixed)
    return uniform


def simulated_grid(draw: np.random.Generator, pictures: Pictures) -> list[GridRun]:
    """Return a full grid of runs whose log odds are exactly LEVEL + perception + reasoning."""
    uniform = correlated_uniforms(draw, pictures, len(PERCEPTION), len(REASONING))
    return [
        GridRun("b", perceiver, reasoner, (uniform[i, j] < expit(LEVEL + seeing + thinking)).astype(np.float64))
        for i, (perceiver, seeing) in enumerate(PERCEPTION.items())
        for j, (reasoner, thinking) in enumerate(REASONING.items())
    ]


class GridResult(NamedTuple):
    """The outcome for one grid."""

    covered: dict[str, bool]
    """By model: whether its interval contains the planted effect."""
    ranked: bool
    """Whether both rankings are the planted ones."""


def estimate(runs: Sequence[GridRun], pictures: Pictures) -> GridResult:
    """Estimate the effects in one grid and compare them with the planted ones."""
    found = two_factor(runs, {"b": pictures.clusters})
    assert isinstance(found, TwoFactor), found
    truth = PERCEPTION | REASONING
    effects = (*found.perception, *found.reasoning)
    covered = {one.model: one.low <= truth[one.model] <= one.high for one in effects}
    ranking = [one.model for one in found.perception] + [one.model for one in found.reasoning]
    return GridResult(covered, ranking == [*PERCEPTION, *REASONING])


def simulated_questions(draw: np.random.Generator, pictures: Pictures, spread: float = 1.0) -> list[GridRun]:
    """Return a full grid whose questions differ in difficulty; the planted effects are those for the same question."""
    owner = pictures.clusters
    difficulty = spread * (draw.normal(size=pictures.many)[owner] + draw.normal(size=len(owner)))
    return [
        GridRun("b", perceiver, reasoner, (draw.random(len(owner)) < expit(difficulty + seeing + thinking)) * 1.0)
        for perceiver, seeing in PERCEPTION.items()
        for reasoner, thinking in REASONING.items()
    ]


def estimate_inside(runs: Sequence[GridRun], pictures: Pictures) -> list[bool]:
    """Return, for each interval of an effect for the same question, whether it contains the planted effect."""
    found = two_factor(runs, {"b": pictures.clusters})
    assert isinstance(found, TwoFactor), found
    truth = PERCEPTION | REASONING
    intervals = {one.model: one.same_question or (0, np.inf, -np.inf) for one in (*found.perception, *found.reasoning)}
    return [low <= truth[model] <= high for model, (_, low, high) in intervals.items()]


def simple_cases(draw: np.random.Generator, pictures: Pictures) -> dict[str, bool]:
    """Return whether the other intervals contain their true values: shares, a difference, a resampled mean."""
    uniform = correlated_uniforms(draw, pictures, 1, 2)[0]
    lower, higher = (uniform[0] < 0.6).astype(np.float64), (uniform[1] < 0.7).astype(np.float64)
    rare = (correlated_uniforms(draw, pictures, 1, 1)[0, 0] < 0.05).astype(np.float64)
    clusters = pictures.clusters
    share, few = clustered_share(lower, clusters), clustered_share(rare, clusters)
    gap = paired(lower, higher, clusters).difference
    low, high = percentile_interval(resampled_means(lower[None], clusters, seed=int(draw.integers(1 << 31)))[:, 0])
    return {
        "share of 60 %": share.low <= 0.6 <= share.high,
        "share of 5 %": few.low <= 0.05 <= few.high,
        "difference of 10 points": gap.low <= 0.1 <= gap.high,
        "bootstrap mean of 60 %": low <= 0.6 <= high,
    }


def main() -> None:
    """Run the simulations and print one line per interval."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grids", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw, pictures = np.random.default_rng(options.seed), Pictures()
    begun = time.monotonic()
    grids = [estimate(simulated_grid(draw, pictures), pictures) for _ in range(options.grids)]
    cases = [simple_cases(draw, pictures) for _ in range(options.grids)]
    inside = [estimate_inside(simulated_questions(draw, pictures), pictures) for _ in range(options.grids)]
    for model, effect in (PERCEPTION | REASONING).items():
        print(f"{model:8} {effect:+.1f}   {np.mean([grid.covered[model] for grid in grids]):7.1%} within the interval")
    print(f"all effects     {np.mean([list(grid.covered.values()) for grid in grids]):7.1%}")
    print(f"planted ranking {np.mean([grid.ranked for grid in grids]):7.1%}")
    print(f"all effects for the same question, difficulties planted: {np.mean(inside):.1%}")
    for name in cases[0]:
        print(f"{name:24} {np.mean([case[name] for case in cases]):7.1%} within the interval")
    print(f"{options.grids} grids of 12 runs x 300 questions in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
