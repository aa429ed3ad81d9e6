"""A leaderboard of runs: mean score and mean rank with intervals, and perception and reasoning effects."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from prism_engine.report.effects.analysis import grid_runs
from prism_engine.report.effects.bootstrap import mean_over, percentile_interval, percentile_intervals
from prism_engine.report.effects.headlines import headlines
from prism_engine.report.effects.two_factor import TwoFactor, Unestimable, sure_ranks, two_factor
from prism_engine.report.pages.board_columns import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from prism_engine.report.effects.headlines import Headline
    from prism_engine.report.effects.stacked import GridRun
    from prism_engine.report.effects.two_factor import Effect
    from prism_engine.report.scores.aligned import AlignedRuns
    from prism_engine.report.scores.finished import Setting
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
    """Whether it can be computed from the run's rows, so that resampling gives its interval."""
    rank: int
    """1 + the number of systems that are strictly better on this benchmark."""


@dataclass(frozen=True)
class BoardRow:
    """One line of the board."""

    system: System
    name: str
    about: Mapping[str, Any]
    marks: Mapping[str, Mark]
    """By column."""
    mean: float | None
    """Plain mean over the board's columns; None if the system lacks one."""
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
    """Its columns: benchmarks, or several that the Open VLM Leaderboard counts as one."""
    places: tuple[BoardRow, ...]
    gaps: tuple[Gap, ...]
    """All pairs of complete systems with intervals."""
    effects: TwoFactor | Unestimable
    unsampled: tuple[str, ...]
    """Columns whose number cannot be computed from the rows: a mean that includes them has no interval."""


def board(
    benchmarks: Mapping[str, AlignedRuns],
    abouts: Mapping[System, Mapping[str, Any]],
    required: Iterable[str] = (),
) -> Board:
    """Rank all systems over all given benchmarks.

    Args:
        benchmarks: the runs by benchmark; every run is ranked.
        abouts: the registry's metadata about each system's model.
        required: columns that a mean needs even if no run has them.
    """
    shown = columns(benchmarks)
    shown |= {name: () for name in required if name not in shown}
    found = {name: _marks([benchmarks[part] for part in parts]) for name, parts in shown.items()}
    marks = {name: each for name, (each, _) in found.items()}
    systems = list(dict.fromkeys(system for each in marks.values() for system in each))
    names = _names(systems)
    own = {system: {name: each[system] for name, each in marks.items() if system in each} for system in systems}
    means = {system: _mean(own[system]) for system in systems if len(own[system]) == len(shown)}
    drawn = {
        system: mean_over([each[system] for _, each in found.values()])
        for system in means
        if all(mark.sampled for mark in own[system].values())
    }
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
        tuple(shown),
        tuple(sorted(places, key=_order)),
        tuple(_gaps(drawn, means, names)),
        effects,
        tuple(name for name, each in marks.items() if not all(mark.sampled for mark in each.values())),
    )


def _mean(marks: Mapping[str, Mark]) -> float:
    return sum(mark.value for mark in marks.values()) / len(marks)


def _mean_rank(marks: Mapping[str, Mark]) -> float:
    return sum(mark.rank for mark in marks.values()) / len(marks)


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


def _marks(column: Sequence[AlignedRuns]) -> tuple[dict[System, Mark], dict[System, Numbers]]:
    """Return the marks of a column, the mean over its benchmarks, and their replicates; a system needs all of them."""
    found: dict[System, list[Headline]] = {}
    for run, headline in headlines(column):
        if not isnan(headline.value):
            found.setdefault(System.of(run.setting), []).append(headline)
    whole = {system: parts for system, parts in found.items() if len(parts) == len(column)}
    values = {system: sum(part.value for part in parts) / len(parts) for system, parts in whole.items()}
    drawn = {
        system: mean_over([part.drawn for part in parts if part.drawn is not None])
        for system, parts in whole.items()
        if all(part.drawn is not None for part in parts)
    }
    marks = {
        system: Mark(value, system in drawn, 1 + sum(other > value for other in values.values()))
        for system, value in values.items()
    }
    return marks, drawn


def _gaps(drawn: Mapping[System, Numbers], means: Mapping[System, float], names: Mapping[System, str]) -> Iterator[Gap]:
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

    ordered = sorted(drawn, key=lambda system: (-means[system], names[system]))
    for place, better in enumerate(ordered[:-1]):
        others = ordered[place + 1 :]
        intervals = percentile_intervals(np.stack([drawn[better] - drawn[worse] for worse in others]))
        for worse, interval in zip(others, intervals, strict=True):
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
    clusters = {name: aligned.clusters for name, aligned in benchmarks.items()}
    return two_factor(runs, clusters, same_question=False)


def _effect(effects: TwoFactor | Unestimable, kind: str, system: System) -> Effect | None:
    if isinstance(effects, Unestimable) or system.mode != "all":
        return None
    name = _perceiver(system) if kind == "perception" else str(system.reasoner)
    found = effects.perception if kind == "perception" else effects.reasoning
    return next((effect for effect in found if effect.model == name), None)
