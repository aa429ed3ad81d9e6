"""How many questions a paired comparison needs to find a difference, from the variation that earlier runs show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from math import ceil, sqrt
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.report.scores.inference import clustered_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prism_engine.report.scores.aligned import AlignedRuns
    from prism_engine.report.scores.inference import Labels, Numbers


class Goal(NamedTuple):
    """What a comparison should achieve."""

    power: float = 0.8
    """Probability of finding the difference if there is one."""
    alpha: float = 0.05
    """Probability of finding one if there is none (two-sided)."""


@dataclass(frozen=True, slots=True)
class Variation:
    """How the answers of two systems to the same questions vary: what sample sizes depend on."""

    benchmark: str
    first: str
    second: str | None
    """None if there is no second run, so that its answers are assumed."""
    questions: int
    """With a score in both runs; a question with rotated options counts once."""
    pictures: int
    """Number of independent clusters of them."""
    discordance: float
    """Mean squared difference of the two scores: for right and wrong answers, the share of questions that differ."""
    design_effect: float
    """Variance of the difference relative to that of as many independent questions; at least 1."""
    measured: bool
    """Whether the discordance was measured rather than assumed."""
    difference: float = 0.0
    """Between the two runs, second minus first; it is part of their discordance, but not of what chance adds to it."""

    @property
    def independent(self) -> bool:
        """Whether no picture repeats, so that differences are tested with McNemar's test."""
        return self.pictures == self.questions

    @property
    def chance_discordance(self) -> float:
        """The discordance that the runs would have if they were equally good."""
        return self.discordance - self.difference**2

    def needed(self, difference: float, goal: Goal) -> int:
        """Return the number of questions needed.

        For independent questions (z√ψ + z'√(ψ - d²))² / d², with the discordance ψ, the difference d and the normal
        quantiles z of 1 - alpha/2 and z' of the power (R. J. Connor, Biometrics 43 (1987) 207-211), plus 1/d for the
        exact test (J. L. Fleiss, Statistical Methods for Rates and Proportions, 1981, 8.1). If pictures repeat, the
        design effect multiplies it (L. Kish, Survey Sampling, 1965, 8.2).

        ψ is `chance_discordance`.

        Args:
            difference: of the two accuracies, more than 0 and at most 1. Systems that differ by it also differ on at
                least that share of the questions.
        """
        spread = max(self.chance_discordance, difference)
        reach = _normal(1 - goal.alpha / 2) * sqrt(spread) + _normal(goal.power) * sqrt(spread - difference**2)
        single = (reach / difference) ** 2
        return ceil(single + 1 / difference) if self.independent else ceil(single * self.design_effect)

    def detectable(self, goal: Goal, questions: int | None = None) -> float | None:
        """Return the smallest difference that a number of questions finds; None if it finds none.

        Args:
            questions: by default, as many as the runs have.
        """
        n = self.questions if questions is None else questions
        if self.needed(1.0, goal) > n:
            return None
        low, high = 0.0, 1.0
        while high - low > 1e-6:  # the number needed falls as the difference grows
            middle = (low + high) / 2
            low, high = (low, middle) if self.needed(middle, goal) <= n else (middle, high)
        return high


def variations(aligned: AlignedRuns, discordance: float | None = None) -> list[Variation]:
    """Return the variation of every two runs of a benchmark under the same rules, and of runs without a second one.

    Args:
        discordance: assumed instead of the measured one.
    """
    found = []
    paired: set[int] = set()
    for one, other in combinations(range(len(aligned.runs)), 2):
        if aligned.runs[one].setting.profile == aligned.runs[other].setting.profile:
            paired |= {one, other}
            found.append(_of_pair(aligned, one, other, discordance))
    found += [_of_run(aligned, run, discordance) for run in range(len(aligned.runs)) if run not in paired]
    return [each for each in found if each is not None]


def typical(found: Sequence[Variation]) -> Variation:
    """Return the median variation of several pairs of runs of one benchmark."""
    first = found[0]
    discordance = median(each.discordance for each in found)
    by_chance = median(each.chance_discordance for each in found)
    return Variation(
        first.benchmark,
        f"median of {len(found)}",
        None,
        questions=int(median(each.questions for each in found)),
        pictures=int(median(each.pictures for each in found)),
        discordance=discordance,
        design_effect=median(each.design_effect for each in found),
        measured=all(each.measured for each in found),
        difference=sqrt(max(0.0, discordance - by_chance)),
    )


def _of_pair(aligned: AlignedRuns, one: int, other: int, discordance: float | None) -> Variation | None:
    difference = aligned.scores[other] - aligned.scores[one]
    first, second = (aligned.runs[place].setting for place in (one, other))
    counted = difference == difference  # noqa: PLR0124 - NaN is not itself
    if counted.sum() < _LEAST:
        return None
    values, clusters = difference[counted], aligned.clusters[counted]
    found = _variation((first.benchmark, first.who, second.who), values, clusters, discordance)
    if discordance is not None:
        return found
    return replace(found, discordance=float((values * values).mean()), measured=True, difference=float(values.mean()))


def _of_run(aligned: AlignedRuns, place: int, discordance: float | None) -> Variation | None:
    """Return the variation of one run and an unknown second one.

    Two equally good systems with independent answers differ on 2p(1-p) of the questions; with answers correlated by
    one half, which is assumed, on half of them. The design effect is that of the run's own accuracy.
    """
    scores = aligned.scores[place]
    setting = aligned.runs[place].setting
    counted = scores == scores  # noqa: PLR0124 - the same
    if counted.sum() < _LEAST:
        return None
    values, clusters = scores[counted], aligned.clusters[counted]
    return _variation((setting.benchmark, setting.who, None), values, clusters, discordance)


_LEAST = 2
"""Number of samples without which nothing varies."""


def _variation(
    names: tuple[str, str, str | None], values: Numbers, clusters: Labels, discordance: float | None
) -> Variation:
    found = clustered_mean(values, clusters)
    independent = float(values.var(ddof=1)) / len(values)
    effect = found.se**2 / independent if independent and found.clusters > 1 else 1.0
    assumed = float(values.var()) if discordance is None else discordance
    return Variation(*names, found.n, found.clusters, assumed, max(1.0, effect), measured=False)


def _normal(probability: float) -> float:
    from scipy.special import ndtri  # noqa: PLC0415 - heavy, and most runs need no statistics

    return float(ndtri(probability))


def by_benchmark(found: Iterable[Variation]) -> dict[str, list[Variation]]:
    """Group variations by benchmark, those that need the most questions first."""
    groups: dict[str, list[Variation]] = {}
    for each in sorted(found, key=lambda one: -one.chance_discordance * one.design_effect):
        groups.setdefault(each.benchmark, []).append(each)
    return {name: groups[name] for name in sorted(groups)}
