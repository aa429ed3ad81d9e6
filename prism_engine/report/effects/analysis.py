"""The analysis of finished runs: accuracies, comparisons, perception and reasoning effects, failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.report.effects.contrasts import Accuracy, Contrast, accuracies, contrasts
from prism_engine.report.effects.failures import Judged, judge
from prism_engine.report.effects.stacked import GridRun
from prism_engine.report.effects.two_factor import TwoFactor, Unestimable, two_factor
from prism_engine.report.scores.aligned import AlignedRuns, align

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prism_engine.report.scores.finished import FinishedRun


class Grid(NamedTuple):
    """The estimate of one grid of perceivers and reasoners."""

    benchmark: str
    """`all benchmarks` if it spans more than one."""
    instruction: str
    profile: str
    estimate: TwoFactor | Unestimable


@dataclass(frozen=True)
class Analysis:
    """Results of an analysis."""

    benchmarks: Mapping[str, AlignedRuns]
    accuracies: tuple[Accuracy, ...]
    contrasts: tuple[Contrast, ...]
    grids: tuple[Grid, ...]
    judged: tuple[Judged, ...]


def analyse(runs: Sequence[FinishedRun]) -> Analysis:
    """Analyse runs, benchmark by benchmark.

    Raises:
        UserError: runs of one benchmark have different questions under the same index.
    """
    benchmarks = aligned_benchmarks(runs)
    every = benchmarks.values()
    return Analysis(
        benchmarks,
        tuple(accuracy for aligned in every for accuracy in accuracies(aligned)),
        tuple(contrast for aligned in every for contrast in contrasts(aligned)),
        tuple(_grids(benchmarks)),
        tuple(judged for aligned in every for judged in judge(aligned)),
    )


def aligned_benchmarks(runs: Sequence[FinishedRun]) -> dict[str, AlignedRuns]:
    """Align the runs of each benchmark, in the order of their names.

    Raises:
        UserError: runs of one benchmark have different questions under the same index.
    """
    by_benchmark: dict[str, list[FinishedRun]] = {}
    for run in runs:
        by_benchmark.setdefault(run.setting.benchmark, []).append(run)
    return {name: align(by_benchmark[name]) for name in sorted(by_benchmark)}


def _grids(benchmarks: Mapping[str, AlignedRuns]) -> Iterable[Grid]:
    """Estimate a grid per benchmark, instruction and profile, and one over all benchmarks if there are several."""
    clusters = {name: aligned.clusters for name, aligned in benchmarks.items()}
    overall: dict[tuple[str, str], list[GridRun]] = {}
    for name, aligned in benchmarks.items():
        of_benchmark: dict[tuple[str, str], list[GridRun]] = {}
        for key, run in grid_runs(aligned):
            of_benchmark.setdefault(key, []).append(run)
            overall.setdefault(key, []).append(run)
        for (instruction, profile), grid in of_benchmark.items():
            yield Grid(name, instruction, profile, two_factor(grid, clusters))
    for (instruction, profile), grid in overall.items():
        if len({run.benchmark for run in grid}) > 1:
            yield Grid("all benchmarks", instruction, profile, two_factor(grid, clusters))


def grid_runs(aligned: AlignedRuns) -> Iterable[tuple[tuple[str, str], GridRun]]:
    """Yield the decoupled runs, which form grids, each with its instruction and profile."""
    for run, scores in zip(aligned.runs, aligned.scores, strict=True):
        setting = run.setting
        if setting.mode == "all":
            grid_run = GridRun(setting.benchmark, str(setting.perceiver), str(setting.reasoner), scores)
            yield (str(setting.instruction), setting.profile), grid_run
