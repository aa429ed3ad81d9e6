"""A leaderboard of runs: mean score and mean rank with intervals, and perception and reasoning effects."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import isnan, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from prism_engine.report.effects.analysis import grid_runs
from prism_engine.report.effects.bootstrap import mean_over, percentile_interval, resampled_means
from prism_engine.report.effects.two_factor import TwoFactor, Unestimable, sure_ranks, two_factor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prism_engine.report.effects.stacked import GridRun
    from prism_engine.report.effects.two_factor import Effect
    from prism_engine.report.scores.aligned import AlignedRuns
    from prism_engine.report.scores.finished import FinishedRun, Setting
    from prism_engine.report.scores.inference import Numbers


class System(NamedTuple):
    """An entry of the leaderboard: the models that answer, independent of the benchmark."""

    mode: str
    perceiver: str | None
    reasoner: str | None
    instruction: str | None
    profile: str

    @classmethod
    def of(cls, setting: Setting) -> System:
        """Return the system that a run belongs to."""
        return cls(setting.mode, setting.perceiver, setting.reasoner, setting.instruction, setting.profile)


class Mark(NamedTuple):
    """A system's score on one benchmark, from 0 to 100."""

    value: float
    sampled: bool
    """Whether it is the mean of its samples' scores, so its interval can be obtained by resampling."""
    rank: int
    """1 + the number of systems that are strictly better on this benchmark."""


@dataclass(frozen=True)
class BoardRow:
    """One line of the board."""

    system: System
    name: str
    about: Mapping[str, Any]
    marks: Mapping[str, Mark]
    """By benchmark."""
    mean: float | None
    """Plain mean over the board's benchmarks; None if the system lacks one."""
    interval: tuple[float, float] | None
    """95 % interval of the mean; None if there is no mean or a benchmark's own metric cannot be resampled."""
    mean_rank: float | None
    rank_sure: int | None
    """1 + the number of systems whose interval is entirely above this one's."""
    perception: Effect | None
    reasoning: Effect | None


class Gap(NamedTuple):
    """Difference between two systems' means, with its 95 % interval."""

    better: str
    worse: str
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Board:
    """All rows: complete systems first, best on top, then those that lack benchmarks."""

    benchmarks: tuple[str, ...]
    places: tuple[BoardRow, ...]
    gaps: tuple[Gap, ...]
    """All pairs of complete systems with intervals."""
    effects: TwoFactor | Unestimable
    unsampled: tuple[str, ...]
    """Benchmarks whose metric is not the mean of its samples' scores: a mean that includes them has no interval."""


def board(benchmarks: Mapping[str, AlignedRuns], abouts: Mapping[System, Mapping[str, Any]]) -> Board:
    """Rank all systems over all given benchmarks.

    Args:
        benchmarks: the runs by benchmark; every run is ranked.
        abouts: the registry's metadata about each system's model.
    """
    marks = {name: _marks(aligned) for name, aligned in benchmarks.items()}
    systems = list(dict.fromkeys(system for found in marks.values() for system in found))
    names = _names(systems)
    own = {system: {name: found[system] for name, found in marks.items() if system in found} for system in systems}
    means = {system: _mean(own[system]) for system in systems if len(own[system]) == len(benchmarks)}
    drawn = _drawn_means(benchmarks, {system: own[system] for system in means})
    intervals = {system: percentile_interval(each) for system, each in drawn.items()}
    sure = dict(zip(intervals, sure_ranks(list(intervals.values())), strict=True))
    effects = _effects(benchmarks)
    places = [
        BoardRow(
            system,
            names[system],
            abouts.get(system, {}),
            own[system],
            mean=means.get(system),
            interval=intervals.get(system),
            mean_rank=_mean_rank(own[system]) if system in means else None,
            rank_sure=sure.get(system),
            perception=_effect(effects, "perception", system),
            reasoning=_effect(effects, "reasoning", system),
        )
        for system in systems
    ]
    return Board(
        tuple(benchmarks),
        tuple(sorted(places, key=_order)),
        tuple(_gaps(drawn, means, names)),
        effects,
        tuple(name for name, found in marks.items() if not all(mark.sampled for mark in found.values())),
    )


def _mean(marks: Mapping[str, Mark]) -> float:
    return sum(mark.value for mark in marks.values()) / len(marks)


def _mean_rank(marks: Mapping[str, Mark]) -> float:
    return sum(mark.rank for mark in marks.values()) / len(marks)


def _drawn_means(
    benchmarks: Mapping[str, AlignedRuns], own: Mapping[System, Mapping[str, Mark]]
) -> dict[System, Numbers]:
    """Return resampled means over all benchmarks for the systems whose metrics can all be resampled."""
    drawn = {name: _replicates(aligned) for name, aligned in benchmarks.items()}
    return {
        system: mean_over([drawn[name][system] for name in benchmarks])
        for system, marks in own.items()
        if all(mark.sampled for mark in marks.values())
    }


def _order(row: BoardRow) -> tuple[bool, float, int, float, str]:
    own = [mark.value for mark in row.marks.values()]
    return (row.mean is None, -(row.mean or 0.0), -len(own), -sum(own) / len(own), row.name)


def _names(systems: Iterable[System]) -> dict[System, str]:
    systems = list(systems)
    profiles = {system.profile for system in systems}
    names = {}
    for system in systems:
        models = " + ".join(name for name in (system.perceiver, system.reasoner) if name)
        plain = system.mode == "all" and system.instruction == "generic"
        remarks = [] if plain else [str(system.instruction if system.mode == "all" else system.mode)]
        remarks += [system.profile] if len(profiles) > 1 else []
        names[system] = f"{models} ({', '.join(remarks)})" if remarks else models
    return names


def _marks(aligned: AlignedRuns) -> dict[System, Mark]:
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

    found: dict[System, tuple[float, bool]] = {}
    for run, scores in zip(aligned.runs, aligned.scores, strict=True):
        mean = None if np.isnan(scores).all() else 100 * float(np.nanmean(scores))
        headline = _headline(run)
        value = mean if headline is None else headline
        if value is not None and not isnan(value):
            found[System.of(run.setting)] = (value, mean is not None and abs(value - mean) < 1e-9)
    return {
        system: Mark(value, sampled, 1 + sum(other > value for other, _ in found.values()))
        for system, (value, sampled) in found.items()
    }


def _headline(run: FinishedRun) -> float | None:
    """Return the benchmark's headline metric, rescaled to 100 (MME's maximum is 2,800, OCRBench's 1,000).

    NaN if it could not be computed; None if the benchmark has none, so accuracy counts.
    """
    name, metrics = run.scores.get("headline"), run.scores.get("metrics")
    if name is None or not isinstance(metrics, list):
        return None
    for metric in metrics:
        if (metric["name"], metric.get("group"), metric.get("split")) == (name, None, None):
            return nan if metric["value"] is None else 100 * float(metric["value"]) / float(metric["maximum"])
    return None


def _replicates(aligned: AlignedRuns) -> dict[System, Numbers]:
    import numpy as np  # noqa: PLC0415

    means = 100 * resampled_means(np.stack(aligned.scores), aligned.clusters)
    return {System.of(run.setting): means[:, column] for column, run in enumerate(aligned.runs)}


def _gaps(drawn: Mapping[System, Numbers], means: Mapping[System, float], names: Mapping[System, str]) -> Iterator[Gap]:
    ordered = sorted(drawn, key=lambda system: (-means[system], names[system]))
    for better, worse in combinations(ordered, 2):
        interval = percentile_interval(drawn[better] - drawn[worse])
        yield Gap(names[better], names[worse], means[better] - means[worse], *interval)


def _perceiver(system: System) -> str:
    return str(system.perceiver) if system.instruction == "generic" else f"{system.perceiver} ({system.instruction})"


def _effects(benchmarks: Mapping[str, AlignedRuns]) -> TwoFactor | Unestimable:
    """Estimate perception and reasoning over all benchmarks; a different instruction makes a different perceiver."""
    runs: list[GridRun] = []
    for aligned in benchmarks.values():
        for (instruction, profile), run in grid_runs(aligned):
            system = System("all", run.perceiver, run.reasoner, instruction, profile)
            runs.append(run._replace(perceiver=_perceiver(system)))
    if not runs:
        return Unestimable("no run has both a perceiver and a reasoner")
    return two_factor(runs, {name: aligned.clusters for name, aligned in benchmarks.items()})


def _effect(effects: TwoFactor | Unestimable, kind: str, system: System) -> Effect | None:
    if isinstance(effects, Unestimable) or system.mode != "all":
        return None
    name = _perceiver(system) if kind == "perception" else str(system.reasoner)
    found = effects.perception if kind == "perception" else effects.reasoning
    return next((effect for effect in found if effect.model == name), None)
