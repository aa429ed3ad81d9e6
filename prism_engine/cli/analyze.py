"""`prism analyze`: Prism's analysis of finished runs, as tables, plots and a page."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prism_engine.cli.options import JsonOption  # noqa: TC001 - Typer reads annotations
from prism_engine.cli.show.console import busy, print_json, print_table, stdout

if TYPE_CHECKING:
    from prism_engine.report.pages.sheets import Sheet

RunFoldersArgument = Annotated[
    list[Path],
    typer.Argument(help="Folders of runs, or folders that contain them, such as results.", metavar="RUNS"),
]


RescoreOption = Annotated[
    str | None,
    typer.Option(
        "--rescore",
        metavar="PROFILE",
        help="Score all runs by these rules first (prism, v3, ...), from their replies, next to their own scores.  "
        "\\[default: their own scores; versions of prism's rules are not mixed]",
    ),
]


class Plots(StrEnum):
    """The file format of plots."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"
    NONE = "none"


class PlotWidth(StrEnum):
    """What plots are for."""

    SCREEN = "screen"
    COLUMN = "column"
    PAGE = "page"


def analyze(
    runs: RunFoldersArgument,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder to write to.")] = Path("analysis"),
    plots: Annotated[Plots, typer.Option(help="File format of the plots.")] = Plots.PNG,
    browse: Annotated[
        bool,
        typer.Option(
            "--browse/--no-browse", help="Also write report.html, as `prism report` does, up to 20,000 samples."
        ),
    ] = True,
    width: Annotated[
        PlotWidth,
        typer.Option(help="Plots for a screen, or for a paper's column (3.25 in) or page (6.75 in), without titles."),
    ] = PlotWidth.SCREEN,
    as_json: JsonOption = False,
    rescore: RescoreOption = None,
) -> None:
    """Compare finished runs as Prism's paper does, and separate perception from reasoning.

    Every two runs that differ in one thing are compared sample by sample (paired tests, Holm-adjusted): perceivers
    under one reasoner, reasoners under one perceiver, direct against decoupled by category, instructions, blind and
    oracle arms. A grid of perceivers and reasoners gives each model's own effect with its interval. If a run was
    wrong, its arms show whether perception, reasoning or both failed. docs/analysis.md has the rules and formulas.

    [bold]Example:[/] prism analyze results --out analysis
    """
    from prism_engine.api.analysis.analysis_folder import analyze as analyse  # noqa: PLC0415 - commands import what they use when called
    from prism_engine.report.pages.account import overall_contrasts, overview, verdicts  # noqa: PLC0415
    from prism_engine.report.pages.findings import effect_sheet  # noqa: PLC0415

    with busy("reading the runs ..."):
        kind = None if plots is Plots.NONE else plots.value
        report = analyse(runs, out, plots=kind, size=width.value, rescore=rescore, browse=browse)
    found = report.analysis
    if as_json:
        sheets = {
            "runs": overview(found),
            "comparisons": overall_contrasts(found.contrasts),
            "effects": effect_sheet(found.grids),
            "verdicts": verdicts(found),
        }
        rows = {name: sheet_rows(sheet) for name, sheet in sheets.items()}
        print_json({**rows, "page": report.page, "browsable": report.browsable, "files": report.files})
        return
    print_sheet(overview(found).without("clusters"))
    for title, sheet in (
        ("Paired comparisons, second minus first, in points", overall_contrasts(found.contrasts)),
        ("Effects on perception and reasoning", effect_sheet(found.grids)),
        ("Verdict on each sample", verdicts(found)),
    ):
        if sheet.rows:
            stdout.print(f"\n[bold]{title}[/]")
            print_sheet(sheet)
    drawn = sum(file.suffix in (".png", ".svg", ".pdf") for file in report.files)
    tables = sum(file.suffix in (".csv", ".parquet") for file in report.files)
    stdout.print(f"\n{report.page}, next to it {tables} tables and {drawn} plots", markup=False, soft_wrap=True)
    if report.browsable is not None:
        stdout.print(f"{report.browsable}: every sample with its pictures", markup=False, soft_wrap=True)
    elif browse:
        stdout.print("report.html is left out, there are so many samples; `prism report` writes it", soft_wrap=True)


def sheet_rows(sheet: Sheet) -> list[dict[str, object]]:
    """Return a table's rows for JSON, by column name: shares from 0 to 1, at full precision."""
    names = [column.name for column in sheet.columns]
    return [dict(zip(names, row, strict=True)) for row in sheet.rows]


def print_sheet(sheet: Sheet) -> None:
    """Print a table: text columns left-aligned, numbers right-aligned; columns without any value are left out."""
    empty = [column.name for place, column in enumerate(sheet.columns) if all(row[place] is None for row in sheet.rows)]
    shown = sheet.without(*empty)
    words = next((place for place, column in enumerate(shown.columns) if column.kind != "text"), len(shown.columns))
    print_table(shown.header(), shown.lines(), words=words)
