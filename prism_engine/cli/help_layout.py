"""Makes a command's help fit 80 columns: short words for the types of options, and whole paragraphs."""

from __future__ import annotations

import copy
import inspect
from enum import Enum
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

_METAVARS: Final = {int: "N", float: "X", str: "TEXT", Path: "PATH"}
_LONGEST_NAMES: Final = 26
"""Length up to which the names of an option, joined by commas, are never cut at 80 columns."""
_LONGEST_CHOICE: Final = 13
"""Length up to which the choices of an option are shown as its type; longer ones are in its help."""


def fitted(command: Any) -> Any:
    """Return a command, or a group with all its commands, with its help laid out for 80 columns; changes it in place.

    Typer's own words for types, such as `<float range>`, take so much width that the names of options are cut.
    """
    command.help = joined(command.help)
    for one in getattr(command, "commands", {}).values():
        fitted(one)
    if command.callback is None:
        return command
    hints = get_type_hints(inspect.unwrap(command.callback))
    aliases = []
    for param in command.params:
        if param.param_type_name == "option" and param.metavar is None and param.name in hints:
            param.metavar = metavar_of(hints[param.name])
        if len(",".join(param.opts)) > _LONGEST_NAMES:
            aliases.append(_without_alias(param))
    command.params += aliases
    return command


def _without_alias(param: Any) -> Any:
    """Take the last of an option's names out of its help; return the hidden option that still has it.

    Both have the same parameter name, so whichever name is given sets the value of both.
    """
    alias = copy.copy(param)
    alias.hidden = True
    *param.opts, last = param.opts
    alias.opts = [last]
    return alias


def joined(text: str | None) -> str | None:
    """Return a text with the lines of each paragraph joined; the terminal's width breaks them. Blank lines separate."""
    if text is None:
        return None
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split("\n")) for paragraph in paragraphs)


def metavar_of(hint: Any) -> str | None:
    """Return the word for an option's type, such as `N`; None for flags and types without a short word."""
    if hint in _METAVARS:
        return _METAVARS[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        choices = "|".join(str(one.value) for one in hint)
        return choices if len(choices) <= _LONGEST_CHOICE else "NAME"
    return next(filter(None, map(metavar_of, get_args(hint))), None)  # of `list[int] | None`
