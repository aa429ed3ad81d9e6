"""How many questions it takes to find a difference between two systems, from finished runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prism_engine.api.results.status import find_run_state
from prism_engine.errors import UserError
from prism_engine.report.effects.sample_size import Goal, Variation, by_benchmark, typical, variations
from prism_engine.report.pages.sheets import Column, Sheet
from prism_engine.report.scores.aligned import align
from prism_engine.report.scores.finished import find_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prism_engine.report.pages.sheets import Cell
    from prism_engine.report.scores.finished import FinishedRun

DIFFERENCES: Final = (1.0, 2.0, 3.0, 5.0)
"""Differences in points that are planned for by default."""


@dataclass(frozen=True)
class QuestionNumbers:
    """The numbers of questions needed, by benchmark and pair of runs."""

    goal: Goal
    differences: tuple[float, ...]
    """In points, from small to large."""
    pairs: Mapping[str, Sequence[Variation]]
    """By benchmark; those that need the most questions first."""

    def sheet(self, most: int = 10) -> Sheet:
        """Tabulate them: per benchmark the median of all pairs, if there are several, then up to `most` pairs."""
        columns = (
            Column("benchmark", "Benchmark"),
            Column("first", "First"),
            Column("second", "Second"),
            Column("questions", "Questions", "count"),
            Column("pictures", "Pictures", "count"),
            Column("discordance", "Differ on %", "share"),
            Column("design_effect", "Design effect", "number"),
            Column("detectable", "Can find (points)", "number"),
            *(Column(f"needed_{each:g}", f"For {each:g}", "count") for each in self.differences),
        )
        return Sheet(columns, tuple(row for found in self.pairs.values() for row in self._rows(found, most)))

    def _rows(self, found: Sequence[Variation], most: int) -> Iterator[tuple[Cell, ...]]:
        for each in (*((typical(found),) if len(found) > 1 else ()), *found[:most]):
            detectable = each.detectable(self.goal)
            yield (
                *(each.benchmark, each.first, each.second, each.questions, each.pictures),
                *(each.discordance, each.design_effect, None if detectable is None else 100 * detectable),
                *(each.needed(points / 100, self.goal) for points in self.differences),
            )

    def as_json(self) -> dict[str, Any]:
        """Return all pairs as JSON values: shares from 0 to 1, differences in points."""
        return {
            "power": self.goal.power,
            "alpha": self.goal.alpha,
            "pairs": [self._facts(each) for found in self.pairs.values() for each in found],
        }

    def _facts(self, each: Variation) -> dict[str, Any]:
        detectable = each.detectable(self.goal)
        needed = {f"{points:g}": each.needed(points / 100, self.goal) for points in self.differences}
        per_picture = each.questions / each.pictures
        return {
            "benchmark": each.benchmark,
            "first": each.first,
            "second": each.second,
            "questions": each.questions,
            "pictures": each.pictures,
            "difference_points": 100 * each.difference if each.measured else None,
            "discordance": each.discordance,
            "discordance_measured": each.measured,
            "design_effect": each.design_effect,
            "detectable_points": None if detectable is None else 100 * detectable,
            "questions_needed": needed,
            "pictures_needed": {points: -int(-number // per_picture) for points, number in needed.items()},
        }


def questions_needed(
    runs: Sequence[str],
    *,
    results_dir: Path,
    differences: Sequence[float] = DIFFERENCES,
    goal: Goal | None = None,
    discordance: float | None = None,
) -> QuestionNumbers:
    """Compute how many questions find a difference between two systems as varied as these runs.

    Args:
        runs: folders of runs, folders that contain them, or enough of a run's name in `results_dir`.
        differences: in points, more than 0 and at most 100.
        discordance: share of the questions on which two systems differ, from 0 to 1, instead of what was measured.

    Raises:
        UserError: a run cannot be found or read, or no question has a score.
    """
    by_name: dict[str, list[FinishedRun]] = {}
    for run in find_runs([_folder(name, results_dir) for name in runs]):
        by_name.setdefault(run.setting.benchmark, []).append(run)
    found = [each for group in by_name.values() for each in variations(align(group), discordance)]
    if not found:
        raise UserError(f"{', '.join(runs)}: fewer than two questions have a score, so nothing is known about them.")
    return QuestionNumbers(goal or Goal(), tuple(sorted(set(differences))), by_benchmark(found))


def _folder(name: str, results_dir: Path) -> Path:
    return Path(name) if Path(name).is_dir() else find_run_state(results_dir, name).folder
