"""The original's arguments on `prism run` and `prism plan`: `--data MMStar --model GPT4V`; its JSON as `--config`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand

from prism_engine.cli import completion
from prism_engine.cli.show.console import stderr
from prism_engine.config import load_registry
from prism_engine.errors import ConfigError
from prism_engine.original.translation import read_original, translated

if TYPE_CHECKING:
    from collections.abc import Sequence

_VALUED: Final = {
    "--data": "data",
    "--model": "model",
    "--infer_model": "infer_model",
    "--infer-model": "infer_model",
    "--prompt_version": "prompt_version",
    "--model_type": "model_type",
    "--nproc": "nproc",
}
_FLAGS: Final = {"--ignore": "ignore", "--verbose": "verbose", "--postproc": "postproc"}
_FILES: Final = ("--config", "-c")
_OPTIONS: Final = ("perceiver", "reasoner", "instruction", "mode", "concurrency")


class OriginalNames(TyperCommand):
    """A command that also accepts the original's arguments, and prints what each was translated to.

    They are translated to our options before anything is parsed, so neither `--help` nor the command knows of them.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the command's parameters; for completion also the original's, hidden."""
        params = list(super().get_params(ctx))
        return [*params, *_completed()] if ctx.resilient_parsing else params

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; see the class.

        Raises:
            ConfigError: a value or a configuration file of the original is wrong.
        """
        if ctx.resilient_parsing:  # a command line is being completed: unfinished, and nothing may be printed
            return list(super().parse_args(ctx, args))
        given, rest = _taken(args)
        file, rest = _original_file(rest)
        if not given and file is None:
            return list(super().parse_args(ctx, args))
        given = (file or {}) | given
        mode, rest = _one_mode(rest)
        if mode is not None:
            given["mode"] = mode
        named, _, _ = self.make_parser(ctx).parse_args(args=list(rest))
        registry = load_registry([Path(path) for path in named.get("models_file") or ()])
        found = translated(given, registry, named=named, complete=not named.get("config"))
        for note in found.notes:
            stderr.print(f"note: {note}", soft_wrap=True, markup=False)
        ours = [f"--{name}={found.options[name]}" for name in _OPTIONS if name in found.options]
        benchmark = [str(found.options["benchmark"])] if "benchmark" in found.options else []
        return list(super().parse_args(ctx, [*ours, *rest, *benchmark]))


def _completed() -> list[Any]:
    """Return the original's arguments as hidden options."""
    app = typer.Typer(add_completion=False)
    app.command()(_arguments)
    return list(typer.main.get_command(app).params)


def _arguments(  # noqa: PLR0913 - one parameter per argument
    *,
    data: Annotated[str, typer.Option("--data", hidden=True, autocompletion=completion.benchmarks)] = "",
    model: Annotated[str, typer.Option("--model", hidden=True, autocompletion=completion.models)] = "",
    infer_model: Annotated[
        str, typer.Option("--infer_model", "--infer-model", hidden=True, autocompletion=completion.models)
    ] = "",
    prompt_version: Annotated[
        str, typer.Option("--prompt_version", hidden=True, autocompletion=completion.instructions)
    ] = "",
    model_type: Annotated[str, typer.Option("--model_type", hidden=True)] = "",
    nproc: Annotated[str, typer.Option("--nproc", hidden=True)] = "",
    ignore: Annotated[bool, typer.Option("--ignore", hidden=True)] = False,
    verbose: Annotated[bool, typer.Option("--verbose", hidden=True)] = False,
    postproc: Annotated[bool, typer.Option("--postproc", hidden=True)] = False,
) -> None:
    """Declare the original's arguments to completion; never called."""


def _taken(args: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Split off the original's arguments; if one is given twice the last one counts, as there."""
    given: dict[str, Any] = {}
    rest = []
    words = iter(args)
    for word in words:
        name, equals, value = word.partition("=")
        if word in _FLAGS:
            given[_FLAGS[word]] = True
        elif name in _VALUED:
            given[_VALUED[name]] = _checked(name, value if equals else next(words, None))
        else:
            rest.append(word)
    return given, rest


def _checked(name: str, value: str | None) -> str:
    if not value:
        raise ConfigError(f"{name}: needs a value")
    if name == "--nproc" and not (value.isdecimal() and int(value) > 0):
        raise ConfigError(f"{name}: must be a positive whole number (got {value!r})")
    return value


def _original_file(args: list[str]) -> tuple[dict[str, Any] | None, list[str]]:
    """Split off `--config FILE` if the file is a configuration of the original."""
    for at, word in enumerate(args):
        name, equals, value = word.partition("=")
        if name not in _FILES:
            continue
        path = value if equals else "".join(args[at + 1 : at + 2])
        if path.endswith(".json") and (found := read_original(Path(path))) is not None:
            return found, args[:at] + args[at + (1 if equals else 2) :]
    return None, args


def _one_mode(args: list[str]) -> tuple[str | None, list[str]]:
    """Split off `--mode` if it is given once with a value that means something else in the original."""
    places = [at for at, word in enumerate(args) if word.partition("=")[0] == "--mode"]
    if len(places) != 1:
        return None, args
    (at,) = places
    _, equals, value = args[at].partition("=")
    mode = value if equals else "".join(args[at + 1 : at + 2])
    return ("reasoning", args[:at] + args[at + (1 if equals else 2) :]) if mode == "reasoning" else (None, args)
