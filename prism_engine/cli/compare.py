"""`prism compare`: compares two runs sample by sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prism_engine.cli import completion
from prism_engine.cli.analyze import RescoreOption, print_sheet, sheet_rows
from prism_engine.cli.options import RESULTS_DIR, JsonOption, ResultsFolder
from prism_engine.cli.show.console import print_json, stdout

if TYPE_CHECKING:
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
