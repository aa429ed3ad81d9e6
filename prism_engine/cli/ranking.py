"""`prism board`: ranks all runs, by their scores or by votes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - Typer reads annotations
from typing import TYPE_CHECKING, Annotated

import typer

from prism_engine.cli.analyze import RescoreOption, print_sheet, sheet_rows
from prism_engine.cli.options import JsonOption, ModelsFileOption  # noqa: TC001 - Typer reads annotations
from prism_engine.cli.show.console import busy, print_json, stdout
from prism_engine.config import load_registry
from prism_engine.control_characters import escaped
from prism_engine.errors import UserError

if TYPE_CHECKING:
    from prism_engine.api.analysis.leaderboard import BoardReport
    from prism_engine.api.analysis.vote_board import VoteBoard
    from prism_engine.report.pages.sheets import Sheet


class BoardShape(StrEnum):
    """What is printed."""

    TERMINAL = "terminal"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"
    JSON = "json"


def board(  # noqa: PLR0913 - one parameter per option is Typer's way
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Folders of runs, or folders that contain them, such as results; with --votes also files of votes.",
            metavar="RUNS",
        ),
    ],
    *,
    benchmark: Annotated[
        list[str] | None,
        typer.Option(
            "--benchmark",
            "-b",
            help="Only these; may be repeated. openvlm: the eight of the Open VLM Leaderboard's average.  "
            "\\[default: all]",
        ),
    ] = None,
    size: Annotated[
        list[str] | None, typer.Option(help="Only models of <4B, 4B-10B, >40B or unknown size; may be repeated.")
    ] = None,
    licence: Annotated[list[str] | None, typer.Option(help="Only models of this licence; may be repeated.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--type", help="Only models that are open, proprietary, api or unknown.")
    ] = None,
    baselines: Annotated[bool, typer.Option("--baselines", help="Show the blind and oracle arms as well.")] = False,
    published: Annotated[
        Path | None,
        typer.Option(
            "--with", metavar="OpenVLM.json", help="Show the Open VLM Leaderboard's published results from this file."
        ),
    ] = None,
    votes: Annotated[
        bool, typer.Option("--votes", help="Rank by the votes in votes.jsonl below RUNS, or in the files named.")
    ] = False,
    style: Annotated[
        bool, typer.Option("--style", help="With --votes: take out what length and Markdown do to votes.")
    ] = False,
    shape: Annotated[
        BoardShape,
        typer.Option("--format", help="What to print. latex needs the package booktabs; json is the same as --json."),
    ] = BoardShape.TERMINAL,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FOLDER", help="Also write the tables here, as CSV, Markdown, LaTeX and Parquet."
        ),
    ] = None,
    rescore: RescoreOption = None,
    as_json: JsonOption = False,
    models_file: ModelsFileOption = None,
) -> None:
    """Rank all systems over all their benchmarks: mean score, mean rank, intervals, perception and reasoning.

    Scores are out of 100 (MME's are divided by 28, OCRBench's by 10). The mean's interval is a cluster bootstrap over
    pictures; `Rank` is 1 + the number of systems whose interval is entirely above, so systems that share a rank cannot
    be distinguished. Perception and reasoning are effects in log odds (see `prism analyze`). A system that lacks a
    benchmark is shown below, without a mean. Size, licence and type come from `about:` in the model registry.

    With --votes, Bradley-Terry ratings by maximum likelihood replace scores: 400 points are odds of 10 to 1, 1000 is
    the mean, a tie is half a win for each side, and `Rank (UB)` is the same rule. docs/votes.md has the file's format.

    [bold]Examples:[/] prism board results --size '<10B' --type open

    prism board votes.jsonl --votes --style --format latex
    """
    shape = BoardShape.JSON if as_json else shape
    if votes:
        given: dict[str, object] = {"--size": size, "--licence": licence, "--type": kind, "--baselines": baselines}
        given |= {"--with": published, "--rescore": rescore}
        if wrong := [name for name, value in given.items() if value]:
            raise UserError(f"{', '.join(wrong)}: not with --votes, which has no scores and no models' sizes")
        _board_of_votes(runs, benchmark or [], shape, style=style, out=out)
        return
    if style:
        raise UserError("--style: only with --votes; it takes out what length and Markdown do to votes")
    from prism_engine.api.analysis.leaderboard import BoardFilter, make_board  # noqa: PLC0415 - commands import what they use when called

    wanted = BoardFilter(tuple(benchmark or ()), tuple(size or ()), tuple(licence or ()), tuple(kind or ()), baselines)
    with busy("reading the runs ..."):
        registry = load_registry(models_file or [])
        report = make_board(runs, registry, wanted, out=out, rescore=rescore, published=published)
    if shape is BoardShape.JSON:
        print_json({"systems": sheet_rows(report.table), "differences": sheet_rows(report.gaps), "files": report.files})
        return
    hidden = [f"{kind}_{end}" for kind in ("perception", "reasoning") for end in ("low", "high")]
    if shape is not BoardShape.TERMINAL:
        _print_as(report.table if shape is BoardShape.CSV else report.table.without(*hidden), shape)
        return
    print_sheet(report.table.without(*hidden))
    _print_remarks(report)


def _print_as(sheet: Sheet, shape: BoardShape) -> None:
    """Print one table for another program; nothing else goes to standard output."""
    lines = {BoardShape.MARKDOWN: sheet.markdown_lines, BoardShape.LATEX: sheet.latex_lines}
    text = sheet.csv_text() if shape is BoardShape.CSV else "".join(lines[shape]())
    stdout.out(escaped(text), end="", highlight=False)


def _board_of_votes(
    runs: list[Path], benchmarks: list[str], shape: BoardShape, *, style: bool, out: Path | None
) -> None:
    from prism_engine.api.analysis.vote_board import rate_votes  # noqa: PLC0415 - see above
    from prism_engine.report.pages.vote_sheets import vote_remarks  # noqa: PLC0415

    with busy("reading the votes ..."):
        found = rate_votes(runs, benchmarks=benchmarks, style=style, out=out)
    if shape is BoardShape.TERMINAL:
        _print_votes(found, style=style)
    elif shape is BoardShape.JSON:
        tables = {
            what: {name: sheet_rows(sheet) for name, sheet in sheets.items()} for what, sheets in found.sheets.items()
        }
        counts = {
            what: {
                "votes": each.votes,
                "voters": each.voters,
                "pictures": each.pictures,
                "remarks": list(vote_remarks(each)),
            }
            for what, each in found.ratings.items()
        }
        boards = {what: counts[what] | tables[what] for what in tables}
        print_json({"boards": boards, "replaced": found.replaced, "files": found.files})
    else:
        for place, sheets in enumerate(found.sheets.values()):
            stdout.out("\n" if place else "", end="")
            _print_as(sheets["ratings"], shape)


def _print_votes(found: VoteBoard, *, style: bool) -> None:
    from prism_engine.report.pages.vote_sheets import fits_a_terminal, vote_remarks  # noqa: PLC0415 - see above

    for what, ratings in found.ratings.items():
        sheets = found.sheets[what]
        controlled = ", at equal length and Markdown" if style else ""
        stdout.print(f"[bold]Votes on {what}{controlled}[/]")
        print_sheet(sheets["ratings"])
        if "style" in sheets:
            stdout.print("\n[bold]One standard deviation more of a style[/]")
            print_sheet(sheets["style"])
        if fits_a_terminal(ratings):
            stdout.print("\n[bold]Win matrix[/]")
            print_sheet(sheets["matrix"])
        for line in vote_remarks(ratings):
            stdout.print(line, markup=False, soft_wrap=True)
        stdout.print("")
    if found.replaced:
        stdout.print(f"{found.replaced:,} earlier votes of a voter on the same pair and sample do not count")
    for file in found.files:
        stdout.print(str(file), markup=False, soft_wrap=True)


def _print_remarks(report: BoardReport) -> None:
    from prism_engine.report.effects.two_factor import Unestimable  # noqa: PLC0415 - see above

    found = report.board
    remarks = [
        f"{place.name}: no mean, since it lacks {', '.join(lacking)}"
        for place in found.places
        if (lacking := [name for name in found.benchmarks if name not in place.marks])
    ]
    if isinstance(found.effects, Unestimable):
        remarks.append(f"perception and reasoning cannot be estimated: {found.effects.reason}")
    elif found.effects.penalised:
        remarks.append("perception and reasoning are penalised: some models have only right or only wrong answers")
    if found.unsampled:
        names = ", ".join(found.unsampled)
        remarks.append(f"the mean has no interval, since the score of {names} cannot be resampled from its rows")
    if report.published:
        remarks.append(report.published)
    if report.left_out:
        remarks.append(f"left out by the conditions: {', '.join(report.left_out)}")
    for line in (*remarks, *map(str, report.files)):
        stdout.print(line, markup=False, soft_wrap=True)
