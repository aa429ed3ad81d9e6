"""Analyses finished runs and writes tables, plots, an explanatory page and a page of all samples to one folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.api.analysis.report_file import write_aligned
from prism_engine.api.analysis.rescored import comparable_runs
from prism_engine.errors import UserError
from prism_engine.report.atomic import replacing
from prism_engine.report.effects.analysis import Analysis, analyse
from prism_engine.report.pages.account import page
from prism_engine.report.pages.findings import sheets
from prism_engine.report.pages.pictures import draw_analysis
from prism_engine.report.pages.sheets import write_sheet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.report.pages.plot_sizes import Size

PAGE = "report.md"
BROWSABLE = "report.html"
MOST_BROWSED = 20_000
"""Samples above which an analysis writes no HTML file: it would take longer than everything else together."""


@dataclass(frozen=True)
class AnalysisReport:
    """The analysis and the files written."""

    analysis: Analysis
    page: Path
    browsable: Path | None
    """The HTML file with every sample, see `write_report`; None if there are more than `MOST_BROWSED`, or none was
    wanted."""
    files: tuple[Path, ...]
    """All files written, including both pages."""


def analyze(
    paths: Sequence[Path],
    out: Path,
    *,
    plots: str | None = "png",
    size: Size = "screen",
    rescore: str | None = None,
    browse: bool = True,
) -> AnalysisReport:
    """Analyse all runs in these folders.

    Args:
        paths: folders of runs, or folders with runs below them.
        out: the folder for the results; created if it does not exist.
        plots: `png`, `svg` or `pdf`; None draws none.
        size: plots for a screen, or for a column or page of a paper.
        rescore: score all runs by this profile first; None takes their own scores.
        browse: write the HTML file with every sample.

    Raises:
        UserError: there is no run, one cannot be read, `out` cannot be written, or versions of prism's rules differ.
    """
    analysis = analyse(comparable_runs(paths, rescore))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out}: cannot be created ({error.strerror}).") from error
    files = [
        file for name, sheet in sheets(analysis).items() for file in write_sheet(sheet, out / name, ("csv", "parquet"))
    ]
    pictures = draw_analysis(analysis, out / "plots", plots, size) if plots else []
    with replacing(out / PAGE) as draft:
        draft.write_text(page(analysis, pictures, out), encoding="utf-8")
    browsable = None
    if browse and sum(len(aligned.samples) for aligned in analysis.benchmarks.values()) <= MOST_BROWSED:
        browsable = write_aligned(analysis.benchmarks, analysis.judged, out / BROWSABLE).path
    written = () if browsable is None else (browsable,)
    return AnalysisReport(analysis, out / PAGE, browsable, (out / PAGE, *files, *pictures, *written))
