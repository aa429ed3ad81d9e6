"""The original's arguments on `prism run` and `prism plan`: `--data MMStar --model GPT4V`; its JSON as `--config`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from typer.core import TyperCommand

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

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; see the class.

        Raises:
            ConfigError: a value or a configuration file of the original is wrong.
        """
        given, rest = _taken(args)
        file, rest = _original_file(rest)
        if ctx.resilient_parsing or (not given and file is None):  # completing a command line prints nothing
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
