"""The command tree, imported command by command, and the exit code and message of an error."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from prism_engine.cli.exit_codes import EXIT_CODES, error_code
from prism_engine.errors import PrismError, UntrustedCodeError
from prism_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN = "Run"
RESULTS = "Results"
JUDGE = "Judge"
DATA = "Data and models"
MACHINE = "This machine"
OTHER = "Other tools"


class Lazy(NamedTuple):
    """A command that is imported when it is called, or asked for its own help or completion."""

    target: str
    """Where its function, or the Typer of its group, is: `module:attribute`."""
    panel: str
    """The panel of `prism --help` that lists it."""
    help: str
    """The first line of its own help."""
    command_class: str = "typer.core:TyperCommand"
    """What parses its arguments: `module:attribute`."""


_ORIGINAL: Final = "prism_engine.original.arguments:OriginalNames"
# `prism_engine.original` is a layer above this one, so it is named here and never imported.
COMMANDS: Final[Mapping[str, Lazy]] = {
    "run": Lazy(
        "prism_engine.cli.run:run",
        RUN,
        "Describe a benchmark's images, answer its questions from the descriptions, score the answers.",
        _ORIGINAL,
    ),
    "plan": Lazy(
        "prism_engine.cli.run:plan",
        RUN,
        "Print what `prism run` with the same options would find in the cache, what it would call, and the likely "
        "cost.",
        _ORIGINAL,
    ),
    "resume": Lazy(
        "prism_engine.cli.runs:resume",
        RUN,
        "Continue a run with its original settings, also in a results folder that has moved.",
    ),
    "ask": Lazy(
        "prism_engine.cli.ask:ask",
        RUN,
        "Ask a question about a picture: a VLM describes it, an LLM answers from the description.",
    ),
    "gen-prompts": Lazy(
        "prism_engine.cli.gen_prompts:gen_prompts",
        RUN,
        "Have a model write, from each question alone, hints about what to look for in the image; never the answer.",
    ),
    "demo": Lazy("prism_engine.cli.run:demo", RUN, "See Prism work: no key, no model hub, no GPU needed."),
    "runs": Lazy(
        "prism_engine.cli.runs:runs",
        RESULTS,
        "List the runs of a results folder: how far each one is, and whether it is still running.",
    ),
    "status": Lazy(
        "prism_engine.cli.runs:status",
        RESULTS,
        "Show the progress of a run, also while another shell runs it; the numbers are at most two seconds old.",
    ),
    "ctl": Lazy(
        "prism_engine.cli.ctl:ctl",
        RESULTS,
        "Control a run while it goes on, from another shell: pause, resume or stop it, change its limits.",
    ),
    "score": Lazy(
        "prism_engine.cli.score:score",
        RESULTS,
        "Score finished runs again, without any model, under one set of rules or more.",
    ),
    "analyze": Lazy(
        "prism_engine.cli.analyze:analyze",
        RESULTS,
        "Compare finished runs as Prism's paper does, and separate perception from reasoning.",
    ),
    "report": Lazy(
        "prism_engine.cli.report:report",
        RESULTS,
        "Put finished runs side by side with their pictures into one HTML file that opens anywhere.",
    ),
    "view": Lazy(
        "prism_engine.cli.view:view",
        RESULTS,
        "Browse runs, finished or still running, with their pictures; the page is that of `prism report`, but live.",
    ),
    "compare": Lazy(
        "prism_engine.cli.compare:compare",
        RESULTS,
        "Compare two runs on the questions that both have answered: by how much the second is better, and where.",
    ),
    "board": Lazy(
        "prism_engine.cli.compare:board",
        RESULTS,
        "Rank all systems over all their benchmarks: mean score, mean rank, intervals, perception and reasoning.",
    ),
    "power": Lazy(
        "prism_engine.cli.power:power",
        RESULTS,
        "Report how many questions a difference of X points between two systems needs, from earlier runs.",
    ),
    "judge": Lazy(
        "prism_engine.cli.judge:judge",
        JUDGE,
        "Have a judge score the answers of finished runs that rules could not read.",
    ),
    "grade": Lazy(
        "prism_engine.cli.grade:grade",
        JUDGE,
        "Grade responses from 1 to 5 by a rubric, as Prometheus-Vision does, with feedback.",
    ),
    "datasets": Lazy(
        "prism_engine.cli.datasets:datasets_app", DATA, "Benchmarks: list, inspect, check, download or make them."
    ),
    "models": Lazy(
        "prism_engine.cli.machine:models", DATA, "List the models that a run may name, and the backend of each."
    ),
    "convert": Lazy(
        "prism_engine.cli.convert:convert_app",
        DATA,
        "Convert published checkpoints to the format that vLLM loads.",
    ),
    "train": Lazy(
        "prism_engine.cli.train:train",
        DATA,
        "Train an embedded model from scratch: from a seed to a checkpoint with its model card, loss curve and scores.",
    ),
    "doctor": Lazy(
        "prism_engine.cli.machine:doctor",
        MACHINE,
        "Check what this machine has for a run: python, torch, GPU, vLLM, cache, keys, endpoints. Keys are never "
        "shown.",
    ),
    "cache": Lazy(
        "prism_engine.cli.cache:cache_app",
        MACHINE,
        "The cache of finished calls: inspect, check, shrink, move or merge it.",
    ),
    "chaos": Lazy(
        "prism_engine.cli.chaos:chaos",
        MACHINE,
        "Serve an OpenAI-compatible API on 127.0.0.1 that limits, fails and bills like a provider on a bad day.",
    ),
    "import": Lazy("prism_engine.original.commands:import_app", OTHER, "Import results of other tools."),
    "export": Lazy("prism_engine.original.commands:export_app", OTHER, "Export results for other tools."),
}
"""All commands, in the order of `prism --help`."""


class LazyCommands(TyperGroup):
    """The group of all commands: lists them from the table, and imports the one that is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, lazy in COMMANDS.items():
            self.add_command(TyperCommand(name, help=lazy.help, rich_help_panel=lazy.panel))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, command and remaining arguments; the command is imported now, also to complete its options."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, None if listed is None or name is None else imported(name), rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Typer's message about a wrong value is put into plain words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            from prism_engine.config.yaml_files import plain_problem  # noqa: PLC0415 - only errors need it

            error.message = plain_problem(error.message, error.__cause__)
            raise


def imported(name: str) -> Any:
    """Import a command and return it, ready to be called."""
    from prism_engine.cli.help_layout import fitted  # noqa: PLC0415 - `prism --help` does not need it

    lazy = COMMANDS[name]
    target = _attribute(lazy.target)
    if isinstance(target, typer.Typer):
        command: Any = typer.main.get_group(target)
        command.name = name
        return fitted(command)
    single = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False)
    single.command(name, cls=_attribute(lazy.command_class))(target)
    return fitted(typer.main.get_command(single))


def _attribute(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


app = typer.Typer(
    name="prism",
    cls=LazyCommands,
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
        _run_command()
    except PrismError as error:
        from prism_engine.config.pasted_keys import masked  # noqa: PLC0415 - only errors need it

        error.args = tuple(masked(part) if isinstance(part, str) else part for part in error.args)
        if os.environ.get("PRISM_DEBUG"):
            raise
        from prism_engine.cli.show.console import shortened, stderr  # noqa: PLC0415 - only errors need it

        message = shortened(str(error)).replace("[", "\\[")
        stderr.print(f"[bold red]error:[/] {message}", soft_wrap=True)
        sys.exit(error_code(error))


def _run_command() -> None:
    """Run the command; again each time the user agrees to run a checkpoint's own code, as nothing was called yet."""
    while True:
        try:
            app(prog_name="prism")  # also under `python -m prism_engine`
        except UntrustedCodeError as error:
            from prism_engine.cli.trust import confirm_code  # noqa: PLC0415 - only this error needs it

            if not confirm_code(error):
                raise
        else:
            return
