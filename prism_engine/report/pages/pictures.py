"""The plots of an analysis: one per question of the paper that the runs can answer."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from prism_engine.report.effects.failures import Attribution
from prism_engine.report.effects.two_factor import TwoFactor
from prism_engine.report.pages.plot_sizes import SIZES
from prism_engine.report.pages.plots import Point, draw_points, draw_shares

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.report.effects.analysis import Analysis, Grid
    from prism_engine.report.effects.contrasts import Accuracy
    from prism_engine.report.pages.plot_sizes import PlotSize, Size
    from prism_engine.report.pages.plots import Series
    from prism_engine.report.scores.aligned import AlignedRuns

_LOOKS: Final = {
    Attribution.SOLVED.value: ("#0072B2", ""),
    Attribution.SOLVED_BLIND.value: ("#56B4E9", "//"),
    Attribution.NOT_SEEN.value: ("#D55E00", ""),
    Attribution.NOT_SAID.value: ("#E69F00", "//"),
    Attribution.PERCEPTION.value: ("#D55E00", ""),
    Attribution.BOTH.value: ("#8C6D31", ".."),
    Attribution.REASONING.value: ("#CC79A7", ""),
    Attribution.REASONING_AT_LEAST.value: ("#CC79A7", "//"),
    Attribution.UNDECIDED.value: ("#999999", ""),
    Attribution.MISSING.value: ("#DDDDDD", "//"),
}
"""Colour and hatching per verdict: solved is blue, perception failures are orange, reasoning failures pink."""
_ARMS: Final = {"blind": 0, "all": 1, "direct": 2, "oracle": 3}


def draw_analysis(analysis: Analysis, folder: Path, ending: str, size: Size = "screen") -> list[Path]:
    """Draw all plots that the analysis has data for.

    Args:
        ending: file name suffix, `png`, `svg` or `pdf`.
        size: for a screen, or for a column or page of a paper.

    Returns:
        The files written.

    Raises:
        UserError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for benchmark, aligned in analysis.benchmarks.items():
        chance = _chance(aligned)
        label = "accuracy in %, 95 % intervals" + ("; dashed: guessing" if chance is not None else "")
        for what, (title, series) in _pictures(analysis, benchmark).items():
            path = folder / f"{_file(benchmark)}-{what}.{ending}"
            draw_points(path, f"{benchmark}: {title}", series, label=label, reference=chance, size=SIZES[size])
            drawn.append(path)
        if shares := _failures(analysis, benchmark):
            path = folder / f"{_file(benchmark)}-failures.{ending}"
            draw_shares(path, f"{benchmark}: what failed", shares, _LOOKS, size=SIZES[size])
            drawn.append(path)
    return drawn + _draw_effects(analysis.grids, folder, ending, SIZES[size])


def _chance(aligned: AlignedRuns) -> float | None:
    """Return the accuracy of guessing if it is the same for all runs and all their categories."""
    rows: list[object] = []
    for run in aligned.runs:
        groups = run.scores.get("groups")
        rows += [run.scores.get("overall"), *(groups if isinstance(groups, list) else ())]
    found = [row.get("chance") for row in rows if isinstance(row, dict)]
    chances = {chance if isinstance(chance, (int, float)) else None for chance in found}
    return chances.pop() if len(chances) == 1 else None


def _pictures(analysis: Analysis, benchmark: str) -> dict[str, tuple[str, Series]]:
    """Return title and points of each plot, without plots that would compare nothing."""
    found = [accuracy for accuracy in analysis.accuracies if accuracy.setting.benchmark == benchmark]
    overall = [accuracy for accuracy in found if accuracy.level == "overall"]
    decoupled = [accuracy for accuracy in overall if accuracy.setting.mode == "all"]
    pictures = {
        "perceivers": ("perceivers under the same reasoner", _best_first(_perceivers(decoupled))),
        "reasoners": ("reasoners under the same perceiver", _best_first(_reasoners(decoupled))),
        "instructions": ("instructions to the same models", _instructions(decoupled)),
        "arms": ("arms", _arms(overall)),
    }
    kept = {name: picture for name, picture in pictures.items() if _compares(picture[1], name)}
    for who, series in _by_category(found).items():
        kept[f"{_file(who)}-by-category"] = (f"{who}, direct against decoupled", series)
    return kept


def _perceivers(decoupled: list[Accuracy]) -> Series:
    return _series(
        [
            (f"{accuracy.setting.reasoner}, {accuracy.setting.instruction}", str(accuracy.setting.perceiver), accuracy)
            for accuracy in decoupled
        ]
    )


def _reasoners(decoupled: list[Accuracy]) -> Series:
    return _series(
        [
            (f"{accuracy.setting.perceiver}, {accuracy.setting.instruction}", str(accuracy.setting.reasoner), accuracy)
            for accuracy in decoupled
        ]
    )


def _instructions(decoupled: list[Accuracy]) -> Series:
    return _series(
        [
            (str(accuracy.setting.instruction), f"{accuracy.setting.perceiver} + {accuracy.setting.reasoner}", accuracy)
            for accuracy in decoupled
        ]
    )


def _arms(overall: list[Accuracy]) -> Series:
    ordered = sorted(overall, key=lambda accuracy: (_ARMS.get(accuracy.setting.mode, len(_ARMS)), accuracy.setting.who))
    return _series([("", accuracy.setting.who, accuracy) for accuracy in ordered])


def _by_category(found: list[Accuracy]) -> dict[str, Series]:
    """Return the arms by category of each perceiver with a direct arm."""
    pictures = {}
    levels = {accuracy.level for accuracy in found}
    level = "category" if "category" in levels else "l2_category"
    for direct in (
        accuracy.setting for accuracy in found if accuracy.setting.mode == "direct" and accuracy.level == "overall"
    ):
        arms = [
            (accuracy.setting.who, str(accuracy.name), accuracy)
            for accuracy in found
            if accuracy.level == level
            and accuracy.setting.vlm == direct.vlm
            and accuracy.setting.mode in ("direct", "all")
        ]
        if len({who for who, _, _ in arms}) > 1:
            pictures[str(direct.perceiver)] = _series(arms)
    return pictures


def _series(points: list[tuple[str, str, Accuracy]]) -> Series:
    series: Series = {}
    for name, row, accuracy in points:
        series.setdefault(name, {})[row] = Point(accuracy.share.value, accuracy.share.low, accuracy.share.high)
    return series


def _best_first(series: Series) -> Series:
    """Sort the rows by their mean over all series, best first."""
    values: dict[str, list[float]] = {}
    for points in series.values():
        for row, point in points.items():
            values.setdefault(row, []).append(point.value)
    order = sorted(values, key=lambda row: -sum(values[row]) / len(values[row]))
    return {name: {row: points[row] for row in order if row in points} for name, points in series.items()}


def _compares(series: Series, what: str) -> bool:
    """Return whether there are two points to compare: in one series, or for instructions in one row."""
    if what == "instructions":
        rows = Counter(row for points in series.values() for row in points)
        return max(rows.values(), default=0) > 1
    return max(map(len, series.values()), default=0) > 1


def _failures(analysis: Analysis, benchmark: str) -> dict[str, dict[str, float]]:
    return {
        judged.setting.who: {
            verdict.value: count / len(judged.verdicts) for verdict, count in Counter(judged.verdicts).items()
        }
        for judged in analysis.judged
        if judged.setting.benchmark == benchmark
    }


def _draw_effects(grids: tuple[Grid, ...], folder: Path, ending: str, size: PlotSize) -> list[Path]:
    drawn = []
    for grid in grids:
        if not isinstance(grid.estimate, TwoFactor):
            continue
        for kind, effects in (("perception", grid.estimate.perception), ("reasoning", grid.estimate.reasoning)):
            if effects:
                path = folder / f"{_file(f'{grid.benchmark}-{grid.instruction}-{grid.profile}')}-{kind}.{ending}"
                points: Series = {
                    kind: {effect.model: Point(effect.value, effect.low, effect.high) for effect in effects}
                }
                title = f"{grid.benchmark}, {grid.instruction}: {kind} effects"
                label = "log odds of a right answer relative to the mean model, 95 % intervals"
                draw_points(path, title, points, label=label, reference=0.0, percent=False, size=size)
                drawn.append(path)
    return drawn


def _file(name: str) -> str:
    return re.sub(r"[^\w.+~=@-]+", "_", name)
