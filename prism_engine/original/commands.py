"""`prism import original` and `prism export original`: result folders of the original framework."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prism_engine.cli.options import ProfileOption, ResultsDirOption  # noqa: TC001 - Typer reads annotations
from prism_engine.cli.show.tables import print_table, stdout
from prism_engine.config.run_config import default_cache_dir

import_app = typer.Typer(no_args_is_help=True, help="Take over what other tools have left.")
export_app = typer.Typer(no_args_is_help=True, help="Give results to other tools.")


@import_app.callback()
def _importing() -> None:
    """Take over what other tools have left."""


@export_app.callback()
def _exporting() -> None:
    """Give results to other tools."""


@import_app.command("original")
def import_results(
    results: Annotated[Path, typer.Argument(help="`results/` of an original checkout, or a folder below it.")],
    *,
    data: Annotated[
        str | None, typer.Option("--data", "-d", help="The benchmark.  \\[default: as the dataset's folder is named]")
    ] = None,
    results_dir: ResultsDirOption = None,
    profile: ProfileOption = None,
    cache_dir: Annotated[Path | None, typer.Option(help="The cache's folder.  \\[default: as for `prism run`]")] = None,
) -> None:
    """Import descriptions and answers of the original Prism, and score the answers.

    Each <model>_description.xlsx becomes descriptions.jsonl, each reasoner's file predictions.jsonl and scores, in
    folders of the same names below original-<prompt_version>/. Calls that failed there are failed samples here, rows
    that are not there were not run. `prism score` and all tables work on them. Nothing goes into the cache: prompts
    and model versions are not known.

    [bold]Example:[/] prism import original Prism/results --data MMStar
    """
    from prism_engine.original.importing import import_original  # noqa: PLC0415 - `prism --help` is instant

    out = results_dir or Path("results")
    found = import_original(
        results, out, cache_dir=cache_dir or default_cache_dir(), data=data, profile=profile or "prism"
    )
    rows = []
    for one in found:
        accuracy = None if one.scores is None else one.scores.overall.accuracy
        counts = (f"{one.statuses[status]:,}" for status in ("done", "failed", "not_run"))
        rows.append((str(one.folder.relative_to(out)), *counts, "-" if accuracy is None else f"{accuracy:.1%}"))
    print_table(("Imported", "Done", "Failed there", "Not there", "Accuracy"), rows)
    stdout.print(f"Results: {out}", soft_wrap=True, markup=False)


@export_app.command("original")
def export_results(
    run: Annotated[str, typer.Argument(help="A run: its folder, or its name as in `prism runs`.")],
    out: Annotated[Path, typer.Argument(help="Folder to write below, such as `results/` of an original checkout.")],
    *,
    results_dir: ResultsDirOption = None,
) -> None:
    """Write a run's descriptions and answers as the original Prism does, into Excel files in its folders.

    [bold]Example:[/] prism export original results/generic/MMStar/GPT4V/chatgpt-0125 Prism/results
    """
    from prism_engine.original.exporting import export_original  # noqa: PLC0415 - `prism --help` is instant

    for one in export_original(results_dir or Path("results"), run, out):
        failed = f", {one.failed:,} of them failed" if one.failed else ""
        cut = f", {one.cut:,} with a text that is cut, as no cell could hold it" if one.cut else ""
        stdout.print(f"{one.path}: {one.rows:,} rows{failed}{cut}", soft_wrap=True, markup=False)
