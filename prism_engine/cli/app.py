"""The command tree, and how an error becomes a line and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from prism_engine import __version__
from prism_engine.cli.analyze import analyze
from prism_engine.cli.ask import ask
from prism_engine.cli.cache import cache_app
from prism_engine.cli.chaos import chaos
from prism_engine.cli.compare import board, compare
from prism_engine.cli.convert import convert_app
from prism_engine.cli.datasets import datasets_app
from prism_engine.cli.gen_prompts import gen_prompts
from prism_engine.cli.grade import grade
from prism_engine.cli.judge import judge
from prism_engine.cli.machine import doctor, models
from prism_engine.cli.run import demo, plan, run
from prism_engine.cli.runs import resume, runs, status
from prism_engine.cli.score import score
from prism_engine.cli.show.tables import exit_code, stderr
from prism_engine.cli.train import train
from prism_engine.errors import PrismError
from prism_engine.original.arguments import OriginalNames
from prism_engine.original.commands import export_app, import_app

EXIT_CODES = """
Exit codes: 0 complete; 1 samples failed; 2 wrong usage, configuration or input; 3 the cost cap (a larger --max-cost
goes on) or the time is used up; 4 a model or its endpoint gave up; 130 interrupted. The same command goes on.
"""

app = typer.Typer(
    name="prism",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help=(
        "Decoupled evaluation of vision-language models: a VLM describes the images of a benchmark while an LLM "
        "answers its questions from the descriptions.\n\n"
        "Start with `prism demo`; see what a run would do with `prism plan`; check this machine with `prism doctor`."
    ),
    epilog=EXIT_CODES,
)
app.command(cls=OriginalNames)(run)
app.command(cls=OriginalNames)(plan)
app.command()(ask)
app.command()(runs)
app.command()(status)
app.command()(resume)
app.command()(judge)
app.command()(grade)
app.command()(score)
app.command()(analyze)
app.command()(compare)
app.command()(board)
app.command()(demo)
app.command()(gen_prompts)
app.command()(train)
app.command()(chaos)
app.command()(doctor)
app.command()(models)
app.add_typer(convert_app, name="convert")
app.add_typer(datasets_app, name="datasets")
app.add_typer(cache_app, name="cache")
app.add_typer(import_app, name="import")
app.add_typer(export_app, name="export")


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer's callback
    if wanted:
        typer.echo(f"prism-engine {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if debug:
        os.environ["PRISM_DEBUG"] = "1"


def main() -> None:
    """Run the command line; an expected error is one message, never a traceback (unless `--debug`)."""
    try:
        app()
    except PrismError as error:
        if os.environ.get("PRISM_DEBUG"):
            raise
        stderr.print(f"[bold red]error:[/] {_escaped(error)}", soft_wrap=True)
        sys.exit(exit_code(error))


def _escaped(error: PrismError) -> str:
    return str(error).replace("[", "\\[")
