"""`prism report`: finished runs side by side with their pictures, in one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prism_engine.cli.analyze import RescoreOption, RunFoldersArgument  # noqa: TC001 - Typer reads annotations
from prism_engine.cli.options import JsonOption  # noqa: TC001
from prism_engine.cli.show.console import busy, print_json, stdout


def report(
    runs: RunFoldersArgument,
    *,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FILE", help="HTML file to write; an HTML file that exists is replaced."),
    ] = Path("report.html"),
    pictures: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Maximum number of pictures in the file; 5,000 photographs take about 30 MB."
        ),
    ] = 5000,
    side: Annotated[
        int,
        typer.Option(
            "--picture-size",
            min=16,
            max=2048,
            metavar="PIXELS",
            help="Longer side of a picture; 512 takes 5 times 192.",
        ),
    ] = 192,
    cache_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Cache with the runs' pictures and prompts.  \\[default: each run's own, as it recorded it]",
        ),
    ] = None,
    rescore: RescoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put finished runs side by side with their pictures into one HTML file that opens anywhere.

    The file needs no server and no network. It has the accuracies with their intervals, the failures of perception and
    of reasoning, the flips between any two runs, and every sample: picture, question, descriptions, what each run
    answered and how that was read, the judge's review, calls, usage, cost and full prompts. Filters are in the
    address, so a colleague opens the same samples. Keys: j and k or the arrows move, / searches.

    [bold]Example:[/] prism report results -o report.html
    """
    from prism_engine.api.analysis.report_file import write_report  # noqa: PLC0415 - commands import what they use when called

    with busy("reading the runs ..."):
        made = write_report(runs, out, pictures=pictures, side=side, rescore=rescore, cache_dir=cache_dir)
    if as_json:
        print_json(made)
        return
    counts = ((made.runs, "run"), (made.samples, "sample"), (made.pictures, "picture"))
    contents = ", ".join(_counted(*each) for each in counts)
    stdout.print(f"{made.path}: {contents}, {made.bytes / 1e6:.1f} MB", markup=False, soft_wrap=True)
    if made.missing:
        stdout.print(
            f"{_counted(made.missing, 'picture')} not found in the runs' caches; --cache-dir says where it is now",
            soft_wrap=True,
        )
    if made.left_out:
        stdout.print(f"{_counted(made.left_out, 'picture')} left out (--pictures {pictures})", soft_wrap=True)


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
