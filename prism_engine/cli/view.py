"""`prism view`: runs side by side in the browser, also while they are running."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads annotations
from typing import Annotated

import typer

from prism_engine.cli.options import RESULTS_DIR, ResultsFolder
from prism_engine.cli.show.console import stdout
from prism_engine.errors import UserError

PORT = 7420


def view(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Folders of runs, or folders that contain them; opened side by side.  \\[default: a list of all runs "
            "of --results-dir]",
            metavar="[RUNS]...",
            show_default=False,
        ),
    ] = None,
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = PORT,
    cache_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Cache with the runs' pictures and prompts.  \\[default: each run's own, as it recorded it]",
        ),
    ] = None,
    results_dir: ResultsFolder = RESULTS_DIR,
) -> None:
    """Browse runs, finished or still running, with their pictures; the page is that of `prism report`, but live.

    Prints an address for a browser on this machine and serves until Ctrl-C; the token in the address keeps others out.
    It reads runs and never changes them. On another machine, forward the port first:
    ssh -L 7420:127.0.0.1:7420 HOST

    [bold]Example:[/] prism view results/generic/MMStar
    """
    from prism_engine.web.viewer_start import serve_viewer  # noqa: PLC0415 - commands import what they use when called

    for folder in runs or [results_dir]:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder; `prism runs` lists runs (--results-dir for another folder)")

    def announce(address: str) -> None:
        stdout.print(address, markup=False, soft_wrap=True, highlight=False)
        stdout.print("Open this in a browser on this machine; Ctrl-C ends it.", soft_wrap=True)

    serve_viewer(runs or [results_dir], port, announce, cache_dir=cache_dir, side_by_side=bool(runs))
