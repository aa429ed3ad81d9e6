"""The leaderboard and the analysis of chosen runs as the viewer shows them: tables, with figures in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prism_engine.api.analysis.leaderboard import make_board
from prism_engine.api.analysis.rescored import comparable_runs
from prism_engine.api.analysis.viewed_runs import is_finished
from prism_engine.config import load_registry
from prism_engine.errors import UserError
from prism_engine.report.effects.analysis import analyse
from prism_engine.report.pages.account import overall_contrasts, overview, verdicts
from prism_engine.report.pages.findings import effect_sheet
from prism_engine.report.pages.pictures import draw_analysis

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.report.pages.sheets import Sheet

FIGURES: Final = "figures"


def board_tables(folders: Sequence[Path]) -> dict[str, Any]:
    """Return the leaderboard of runs, as `prism board` ranks them.

    Args:
        folders: of runs; one in progress is left out, since its mean would be that of other questions.

    Raises:
        UserError: as `make_board`, or no run has finished.
    """
    finished, left = _finished(folders)
    report = make_board(finished, load_registry())
    tables = [
        _table("Leaderboard", "Scores from 0 to 100; a rank is 1 + the systems that are surely better.", report.table),
        _table("Differences of means", "Every two systems, with 95 % intervals.", report.gaps),
    ]
    return {"tables": _filled(tables), "figures": [], "unfinished": left}


def analysis_tables(folders: Sequence[Path], out: Path) -> dict[str, Any]:
    """Return the analysis of runs, as `prism analyze` makes it, and draw its figures to files.

    Args:
        folders: as for `board_tables`.
        out: where the folder with the figures will be.

    Raises:
        UserError: a run cannot be read, or none has finished.
    """
    finished, left = _finished(folders)
    found = analyse(comparable_runs(finished))
    tables = [
        _table("Accuracy", "With 95 % intervals, clustered by picture.", overview(found)),
        _table("Comparisons", "Paired, sample by sample; Holm-adjusted.", overall_contrasts(found.contrasts)),
        _table("Effects", "Of each model in a grid of perceivers and reasoners.", effect_sheet(found.grids)),
        _table("What failed", "Perception, reasoning or both, by the arms of a run.", verdicts(found)),
    ]
    drawn = draw_analysis(found, out / FIGURES, "svg")
    return {"tables": _filled(tables), "figures": [path.name for path in drawn], "unfinished": left}


def _finished(folders: Sequence[Path]) -> tuple[list[Path], list[str]]:
    finished = [folder for folder in folders if is_finished(folder)]
    if not finished:
        raise UserError("no run has finished yet")
    return finished, [folder.name for folder in folders if folder not in finished]


def _table(title: str, note: str, sheet: Sheet) -> dict[str, Any]:
    """Return a table without its columns that have no value; `shown` is for people and `rows` for sorting."""
    empty = [column.name for place, column in enumerate(sheet.columns) if all(row[place] is None for row in sheet.rows)]
    sheet = sheet.without(*empty)
    columns = [{"heading": column.heading, "kind": column.kind} for column in sheet.columns]
    return {"title": title, "note": note, "columns": columns, "rows": sheet.rows, "shown": sheet.lines()}


def _filled(tables: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [table for table in tables if table["rows"]]
