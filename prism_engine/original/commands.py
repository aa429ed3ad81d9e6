"""`prism import original` and `prism export original`: result folders of the original framework."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads it
from typing import Annotated

import typer

from prism_engine.cli import completion
from prism_engine.cli.options import (
    RESULTS_DIR,
    CacheFolder,
    JsonOption,
    ProfileOption,
    ResultsFolder,
)
from prism_engine.cli.show.console import print_json, print_table, stdout

import_app = typer.Typer(no_args_is_help=True, help="Import results of other tools.")
export_app = typer.Typer(no_args_is_help=True, help="Export results for other tools.")


@import_app.callback()
def _importing() -> None:
    """Import results of other tools."""


@export_app.callback()
def _exporting() -> None:
    """Export results for other tools."""


@import_app.command("original")
def import_results(
    results: Annotated[Path, typer.Argument(help="`results/` of an original checkout, or a folder below it.")],
    *,
    data: Annotated[
        str | None, typer.Option("--data", "-d", help="The benchmark.  \\[default: as the dataset's folder is named]")
    ] = None,
    results_dir: ResultsFolder = RESULTS_DIR,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    cache_dir: CacheFolder,
) -> None:
    """Import descriptions and answers of the original Prism, and score the answers.

    Each <model>_description.xlsx becomes descriptions.jsonl, each reasoner's file predictions.jsonl and scores, in
    folders of the same names below original-<prompt_version>/. Calls that failed there are failed samples here; missing
    rows count as not run. `prism score` and all tables work on them. Nothing goes into the cache: prompts and model
    versions are not known.

    [bold]Example:[/] prism import original Prism/results --data MMStar
    """
    from prism_engine.original.importing import import_original  # noqa: PLC0415 - commands import what they use when called

    found = import_original(results, results_dir, cache_dir=cache_dir, data=data, profile=profile or "prism")
    if as_json:
        print_json({"runs": [{"folder": one.folder, "samples": one.statuses, "scores": one.scores} for one in found]})
        return
    rows = []
    for one in found:
        accuracy = None if one.scores is None else one.scores.overall.accuracy
        counts = (f"{one.statuses[status]:,}" for status in ("done", "failed", "not_run"))
        rows.append((str(one.folder.relative_to(results_dir)), *counts, "-" if accuracy is None else f"{accuracy:.1%}"))
    print_table(("Imported", "Done", "Failed there", "Missing there", "Accuracy"), rows)
    stdout.print(f"Results: {results_dir}", soft_wrap=True, markup=False)


@export_app.command("original")
def export_results(
    run: Annotated[
        str,
        typer.Argument(help="A run: its folder, or its name as in `prism runs`.", autocompletion=completion.runs),
    ],
    out: Annotated[Path, typer.Argument(help="Folder to write into, such as `results/` of an original checkout.")],
    *,
    results_dir: ResultsFolder = RESULTS_DIR,
) -> None:
    """Write a run's descriptions and answers as the original Prism does, into Excel files in its folders.

    [bold]Example:[/] prism export original results/generic/MMStar/GPT4V/chatgpt-0125 Prism/results
    """
    from prism_engine.original.exporting import export_original  # noqa: PLC0415 - see above

    for one in export_original(results_dir, run, out):
        failed = f", {one.failed:,} of them failed" if one.failed else ""
        cut = f", {one.cut:,} with a text cut to the size of an Excel cell" if one.cut else ""
        stdout.print(f"{one.path}: {one.rows:,} rows{failed}{cut}", soft_wrap=True, markup=False)
