"""The arguments of the original Prism and of VLMEvalKit on `prism run` and `prism plan`; the original's JSON files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperCommand

from prism_engine.cli import completion
from prism_engine.cli.show.console import stderr
from prism_engine.config import load_registry
from prism_engine.errors import ConfigError
from prism_engine.original.translation import PRISM_KEYS, read_original, translated
from prism_engine.original.vlmevalkit import FLAGS, MODES, VALUED, is_vlmevalkit, judge_to_ask, translated_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prism_engine.config import Registry
    from prism_engine.original.translation import Translation

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
_LISTS: Final = ("--data", "--model")
_THREADS: Final = ("--nproc", "--api-nproc", "--api_nproc")
_ALL_VALUED: Final = {
    **_VALUED,
    **{f"--{name}": name for name in VALUED},
    **{f"--{name.replace('-', '_')}": name for name in VALUED},
}
_ALL_FLAGS: Final = {
    **_FLAGS,
    **{f"--{name}": name for name in FLAGS},
    **{f"--{name.replace('-', '_')}": name for name in FLAGS},
}
_SHARED: Final = frozenset({"data", "model", "verbose", "ignore", "mode"})
"""Arguments that the original and VLMEvalKit have alike."""
_AMBIGUOUS: Final = (
    "read as the original Prism's command: the model describes and a reasoner answers; in VLMEvalKit the model itself "
    "answers from the pictures: add --mode direct for that"
)


class OriginalNames(TyperCommand):
    """A command that also accepts the original's and VLMEvalKit's arguments, and prints what each was translated to.

    They are translated to our options before anything is parsed, so neither `--help` nor the command knows of them.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the command's parameters; for completion also the original's, hidden."""
        params = list(super().get_params(ctx))
        return [*params, *_completed()] if ctx.resilient_parsing else params

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; see the class.

        Raises:
            ConfigError: a value or a configuration file of the original is wrong, or contradicts another option.
        """
        if ctx.resilient_parsing:  # a command line is being completed: unfinished, and nothing may be printed
            return list(super().parse_args(ctx, args))
        given, rest = _taken(args)
        file, rest = _original_file(rest)
        mode = _only_mode(rest)
        if not given and file is None and mode not in ("infer", "eval"):
            return list(super().parse_args(ctx, args))
        line = _Line(given, rest, mode, dict(self.make_parser(ctx).parse_args(args=list(rest))[0]))
        line.check()
        registry = load_registry([Path(path) for path in line.named.get("models_file") or ()])
        if file is None and is_vlmevalkit(given, mode):
            found, rest = line.of_vlmevalkit(registry)
        else:
            found, rest = line.of_original(registry, file or {})
        for note in found.notes:
            stderr.print(f"note: {note}", soft_wrap=True, markup=False)
        return list(super().parse_args(ctx, [*_as_arguments(found.options), *rest, *_benchmarks(found.options)]))


class _Line(NamedTuple):
    """A command line that has arguments of another tool."""

    given: dict[str, Any]
    """The other tool's arguments, by name."""
    rest: list[str]
    """All other words."""
    mode: str | None
    """The value of `--mode`; None if it is not given exactly once."""
    named: dict[str, Any]
    """Values of prism's own options in `rest`, by parameter name."""

    def check(self) -> None:
        """Check that no argument says one thing and prism's own option another.

        Raises:
            ConfigError: two do.
        """
        keys = {**PRISM_KEYS, "nproc": "concurrency", "api-nproc": "concurrency", "work-dir": "results_dir"}
        for key, option in keys.items():
            theirs, ours = _texts(self.given.get(key)), _texts(self.named.get(option))
            if theirs and ours and theirs != ours:
                name = "the argument" if option == "benchmark" else f"--{option.replace('_', '-')}"
                both = f"--{key} {' '.join(theirs)} and {name} {' '.join(ours)}"
                raise ConfigError(f"{both} contradict each other; leave one of the two out")

    def of_original(self, registry: Registry, file: Mapping[str, Any]) -> tuple[Translation, list[str]]:
        """Return the translation of the original Prism's arguments, and the words that are left."""
        given, rest, named = {**file, **self.given}, self.rest, self.named
        if self.mode == "reasoning":  # means something else in the original
            given["mode"], rest, named = self.mode, _without(rest, "--mode"), {**named, "mode": None}
        found = translated(given, registry, named=named, complete=not named.get("config"))
        decided = named.get("reasoner") or named.get("mode") not in (None, ["all"])
        if given.keys() >= {"data", "model"} and given.keys() <= _SHARED and not decided:
            found.notes.append(_AMBIGUOUS)
        return found, rest

    def of_vlmevalkit(self, registry: Registry) -> tuple[Translation, list[str]]:
        """Return the translation of VLMEvalKit's arguments, and the words that are left.

        Raises:
            ConfigError: as `translated_line`.
        """
        theirs = self.mode if self.mode in MODES else None
        rest = _without(self.rest, "--mode") if theirs is not None else self.rest
        named = {key: value for key, value in self.named.items() if key != "mode" or theirs is None}
        found = translated_line(self.given, theirs, registry, named)
        for key in [key for key in found.options if named.get(key)]:  # says the same, see `check`
            del found.options[key]
        asks, note = judge_to_ask(named.get("judge"), theirs)
        if note is not None:
            found.notes.append(note)
        return found, rest if asks else _without(rest, "--judge")


def _texts(value: object) -> list[str]:
    """Return the values of an option as typed, whether it takes one or several."""
    values = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
    return [str(one) for one in values]


def _as_arguments(options: Mapping[str, Any]) -> list[str]:
    """Return prism's options as words of a command line, without the benchmarks, which are no option."""
    words = []
    for key, value in options.items():
        flag = f"--{key.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif key != "benchmark":
            words += [f"{flag}={one}" for one in _texts(value)]
    return words


def _benchmarks(options: Mapping[str, Any]) -> list[str]:
    return _texts(options.get("benchmark"))


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
    """Split off the arguments of the original and of VLMEvalKit; if one is given twice the last one counts, as there.

    `--data` and `--model` take every word up to the next option; several are a list.
    """
    given: dict[str, Any] = {}
    rest = []
    words = list(args)
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if word in _ALL_FLAGS:
            given[_ALL_FLAGS[word]] = True
        elif name in _ALL_VALUED:
            values = [value] if equals else _values(words, most=None if name in _LISTS else 1)
            checked = [_checked(name, one) for one in values or [""]]
            given[_ALL_VALUED[name]] = checked if len(checked) > 1 else checked[0]
        else:
            rest.append(word)
    return given, rest


def _values(words: list[str], most: int | None) -> list[str]:
    """Take the values of an option from the front of the remaining words; a list ends at the next option."""
    count = 1 if words else 0
    while most is None and count < len(words) and not words[count].startswith("-"):
        count += 1
    values = words[:count]
    del words[:count]
    return values


def _checked(name: str, value: str) -> str:
    if not value:
        raise ConfigError(f"{name}: needs a value")
    if name in _THREADS and not (value.isdecimal() and int(value) > 0):
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


def _only_mode(args: Sequence[str]) -> str | None:
    """Return the value of `--mode` if it is given exactly once."""
    values = []
    for at, word in enumerate(args):
        name, equals, value = word.partition("=")
        if name == "--mode":
            values.append(value if equals else "".join(args[at + 1 : at + 2]))
    return values[0] if len(values) == 1 else None


def _without(args: Sequence[str], option: str) -> list[str]:
    """Return the words without an option and its value."""
    rest = []
    words = iter(args)
    for word in words:
        name, equals, _ = word.partition("=")
        if name != option:
            rest.append(word)
        elif not equals:
            next(words, None)
    return rest
