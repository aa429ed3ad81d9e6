"""Command-line options that set configuration keys: the marker, the option builder and the reader."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_type_hints

import typer
from typer.models import OptionInfo

from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Sets:
    """Marks an option, inside its `Annotated[...]`, as the one that sets a configuration key."""

    key: str
    """The key; dotted where it is nested, such as `perception.max_tokens`."""
    convert: Callable[[Any], Any] | None = None
    """Makes the configuration's value from the option's; not called for an option that was not given (None)."""

    def value(self, given: Any) -> Any:
        """Return the configuration's value; None leaves the key to the run file or the configuration's default."""
        return given if given is None or self.convert is None else self.convert(given)


def config_options(command: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a command's options set, by dotted configuration key.

    Args:
        command: its annotations say which parameter sets which key.
        given: the values by parameter name; those that are None are left out of the result.

    Raises:
        KeyError: a parameter with a `Sets` is missing in `given`: a bug in the command, never a user's mistake.
    """
    options = {}
    for name, hint in get_type_hints(command, include_extras=True).items():
        for mark in getattr(hint, "__metadata__", ()):
            if isinstance(mark, Sets) and (value := mark.value(given[name])) is not None:
                options[mark.key] = value
    return options


def option_names(command: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, str]:
    """Return what the user typed for each key in `options`, such as `--rpm`, for messages about their values."""
    names = {}
    for parameter, hint in get_type_hints(command, include_extras=True).items():
        marks = getattr(hint, "__metadata__", ())
        for mark in marks:
            if isinstance(mark, Sets) and mark.key in options:
                flags = next((one.param_decls for one in marks if isinstance(one, OptionInfo)), None)
                if flags is not None:  # arguments have no name that one types
                    names[mark.key] = (flags or (f"--{parameter.replace('_', '-')}",))[0]
    return names


def option(
    text: str,
    *flags: str,
    panel: str | None = None,
    example: str | None = None,
    default: str | None = None,
    **settings: Any,
) -> Any:
    """Return a Typer option.

    Args:
        text: the help.
        flags: its names; none takes the parameter's.
        panel: the help panel to show it in.
        example: how to write it, appended to the help.
        default: what holds if it is not given, appended to the help, for options whose own default is None.
        settings: more keywords of `typer.Option`.
    """
    parts = [text]
    if example is not None:
        parts.append(f"Example: {example}".replace("[", "\\["))
    if default is not None:
        parts.append(f" \\[default: {default}]")
    return typer.Option(*flags, help=" ".join(parts), rich_help_panel=panel, **settings)


def one_or_sweep(values: Sequence[Any]) -> Any:
    """Return the value of a repeatable option given once, or the list of a sweep."""
    return values if len(values) > 1 else values[0]


def tags_of(pairs: Sequence[str]) -> dict[str, str]:
    """Return the tags that `KEY=VALUE` texts mean.

    Raises:
        ConfigError: one is no such text, or a key is given twice.
    """
    tags: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (equals and key):
            raise ConfigError(f"--tag {pair}: must be KEY=VALUE, such as --tag paper=v2")
        if key in tags:
            raise ConfigError(f"--tag {pair}: the key {key!r} is given twice")
        tags[key] = value
    return tags


def dollars(amount: float) -> Decimal:
    """Return an amount of money exactly as it was typed."""
    return Decimal(str(amount))
