"""`prism compare` and `prism board`: compares two runs sample by sample, ranks all runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prism_engine.cli import completion
from prism_engine.cli.analyze import RescoreOption, RunFoldersArgument, print_sheet, sheet_rows
from prism_engine.cli.options import RESULTS_DIR, JsonOption, ModelsFileOption, ResultsFolder
from prism_engine.cli.show.console import busy, print_json, stdout
from prism_engine.config import load_registry

if TYPE_CHECKING:
    from prism_engine.api.analysis.leaderboard import BoardReport
    from prism_engine.report.pages.sheets import Sheet

TablesOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FOLDER", help="Also write the tables here, as CSV, Markdown and Parquet."),
]


def compare(
    first: Annotated[
        str,
        typer.Argument(
            help="A run's folder, or enough of its name in `prism runs`.",
            metavar="FIRST",
            autocompletion=completion.runs,
        ),
    ],
    second: Annotated[
        str, typer.Argument(help="The run to compare with the first.", metavar="SECOND", autocompletion=completion.runs)
    ],
    *,
    show: Annotated[int, typer.Option("--show", min=0, help="Flipped questions to print, each way.")] = 10,
    out: TablesOption = None,
    rescore: RescoreOption = None,
    as_json: JsonOption = False,
    results_dir: ResultsFolder = RESULTS_DIR,
) -> None:
    """Compare two runs on the questions that both have answered: by how much the second is better, and where.

    Differences have 95 % intervals that are clustered by picture; p is McNemar's exact test if no picture repeats, else
    the clustered t test, and is also given adjusted (Holm) for the number of categories. A question with rotated
    options is one sample. Metrics that count something else (HallusionBench's figures, MME's pictures) follow below.

    [bold]Example:[/] prism compare generic/MMStar/qwen2.5-vl-7b/gpt-4o-mini generic/MMStar/smolvlm-2b/gpt-4o-mini
    """
    from prism_engine.api.analysis.two_runs import compare_runs  # noqa: PLC0415 - commands import what they use when called

    found = compare_runs(first, second, results_dir=results_dir, out=out, rescore=rescore)
    if as_json:
        sides = {"first": found.first, "second": found.second}
        sheets = {"groups": found.groups, "metrics": found.metrics, "flips": found.flips}
        counts = {"paired": found.paired, "only_first": found.only_first, "only_second": found.only_second}
        print_json(
            {name: {"setting": str(run.setting), "folder": run.folder} for name, run in sides.items()}
            | counts
            | {name: sheet_rows(sheet) for name, sheet in sheets.items()}
            | {"files": found.files}
        )
        return
    stdout.print(f"First: {found.first.setting} ({found.first.folder})", markup=False, soft_wrap=True)
    stdout.print(f"Second: {found.second.setting} ({found.second.folder})", markup=False, soft_wrap=True)
    print_sheet(found.groups.without("comparison", "benchmark", "fixed", "first", "second", "p_clustered", "p_mcnemar"))
    if found.metrics.rows:
        stdout.print("\nIts own metrics, second minus first")
        print_sheet(found.metrics.without("clusters"))
    for count, which in ((found.only_first, "first"), (found.only_second, "second")):
        if count:
            stdout.print(f"{count:,} questions have a score in the {which} run only, and do not count")
    _print_flips(found.flips, show)
    for file in found.files:
        stdout.print(str(file), markup=False, soft_wrap=True)


def _print_flips(flips: Sheet, show: int) -> None:
    names = [column.name for column in flips.columns]
    for change in ("right to wrong", "wrong to right"):
        rows = [row for row in flips.rows if row[0] == change]
        if not rows:
            continue
        stdout.print(f"\n[bold]{change}[/]: {len(rows):,}")
        for cells in rows[:show]:
            row = dict(zip(names, cells, strict=True))
            question = " ".join(str(row["question"]).split())
            stdout.print(
                f"  {row['index']}: {question[:100]}  right {row['target']}, first {row['first_answer'] or '-'}, "
                f"second {row['second_answer'] or '-'}",
                markup=False, soft_wrap=True,
            )  # fmt: skip
        if len(rows) > show:
            stdout.print(f"  and {len(rows) - show:,} more (--show, or --out for all of them)")


def board(  # noqa: PLR0913 - one parameter per option is Typer's way
    runs: RunFoldersArgument,
    *,
    benchmark: Annotated[
        list[str] | None, typer.Option("--benchmark", "-b", help="Only these; may be repeated.  \\[default: all]")
    ] = None,
    size: Annotated[
        list[str] | None, typer.Option(help="Only models of <4B, 4B-10B, >40B or unknown size; may be repeated.")
    ] = None,
    licence: Annotated[list[str] | None, typer.Option(help="Only models of this licence; may be repeated.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--type", help="Only models that are open, proprietary, api or unknown.")
    ] = None,
    baselines: Annotated[bool, typer.Option("--baselines", help="Show the blind and oracle arms as well.")] = False,
    out: TablesOption = None,
    rescore: RescoreOption = None,
    as_json: JsonOption = False,
    models_file: ModelsFileOption = None,
) -> None:
    """Rank all systems over all their benchmarks: mean score, mean rank, intervals, perception and reasoning.

    Scores are out of 100 (MME's are divided by 28, OCRBench's by 10). The mean's interval is a cluster bootstrap over
    pictures; `Rank` is 1 + the number of systems whose interval is entirely above, so systems that share a rank cannot
    be distinguished. Perception and reasoning are effects in log odds (see `prism analyze`). A system that lacks a
    benchmark is shown below, without a mean. Size, licence and type come from `about:` in the model registry.

    [bold]Example:[/] prism board results --size '<10B' --type open
    """
    from prism_engine.api.analysis.leaderboard import BoardFilter, make_board  # noqa: PLC0415 - see above

    wanted = BoardFilter(tuple(benchmark or ()), tuple(size or ()), tuple(licence or ()), tuple(kind or ()), baselines)
    with busy("reading the runs ..."):
        report = make_board(runs, load_registry(models_file or []), wanted, out=out, rescore=rescore)
    if as_json:
        print_json({"systems": sheet_rows(report.table), "differences": sheet_rows(report.gaps), "files": report.files})
        return
    hidden = [f"{kind}_{end}" for kind in ("perception", "reasoning") for end in ("low", "high")]
    print_sheet(report.table.without(*hidden))
    _print_remarks(report)


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
    if report.left_out:
        remarks.append(f"left out by the conditions: {', '.join(report.left_out)}")
    for line in (*remarks, *map(str, report.files)):
        stdout.print(line, markup=False, soft_wrap=True)
