"""Compares two finished runs sample by sample: overall, by category, and the questions that flipped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prism_engine.api.analysis.rescored import two_comparable_runs
from prism_engine.api.results.status import find_run_state
from prism_engine.errors import UserError
from prism_engine.report.effects.contrasts import contrast
from prism_engine.report.effects.own_metrics import metric_contrasts
from prism_engine.report.pages.findings import contrast_sheet, metric_sheet
from prism_engine.report.pages.sheets import flips, write_sheet
from prism_engine.report.scores.aligned import align
from prism_engine.report.scores.finished import PREDICTIONS
from prism_engine.report.scores.inference import both_scored

if TYPE_CHECKING:
    from prism_engine.report.pages.sheets import Sheet
    from prism_engine.report.scores.finished import FinishedRun


@dataclass(frozen=True)
class ComparedRuns:
    """The comparison of two runs."""

    first: FinishedRun
    second: FinishedRun
    groups: Sheet
    """Paired comparisons, overall first."""
    metrics: Sheet
    """Differences in the benchmark's own metrics; empty if it has none besides the accuracy."""
    flips: Sheet
    """Samples on which the two differ."""
    paired: int
    """Samples with a score in both runs."""
    only_first: int
    only_second: int
    files: tuple[Path, ...]


def compare_runs(
    first: str, second: str, *, results_dir: Path, out: Path | None = None, rescore: str | None = None
) -> ComparedRuns:
    """Compare two runs of one benchmark, or of parts of it.

    Args:
        first: a run's folder, or enough of its name in `results_dir` to identify it.
        second: the same.
        out: a folder for the tables as CSV, Markdown and Parquet; None writes none.
        rescore: score both runs by this profile first; None takes their own scores.

    Raises:
        UserError: a run cannot be found or read, their questions differ, no question is scored in both, or versions of
            prism's rules differ.
    """
    folders = [_folder(name, results_dir) for name in (first, second)]
    run_a, run_b = two_comparable_runs(folders, rescore)
    aligned = align([run_a, run_b])
    both, only_first, only_second = both_scored(*aligned.scores)
    if not both:
        raise UserError(f"{run_a.folder} and {run_b.folder}: no question has a score in both runs.")
    groups = contrast_sheet(tuple(contrast(aligned, (run_a.setting.who, run_b.setting.who))))
    metrics = metric_sheet(metric_contrasts(run_a, run_b))
    flipped = flips(aligned)
    files: list[Path] = []
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{out}: cannot be created ({error.strerror}).") from error
        files = [*write_sheet(groups, out / "comparison"), *write_sheet(flipped, out / "flips")]
        files += write_sheet(metrics, out / "metrics") if metrics.rows else ()
    return ComparedRuns(run_a, run_b, groups, metrics, flipped, both, only_first, only_second, tuple(files))


def _folder(name: str, results_dir: Path) -> Path:
    if (Path(name) / PREDICTIONS).is_file():
        return Path(name)
    return find_run_state(results_dir, name).folder
