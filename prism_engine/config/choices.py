"""How pictures are shown to perceivers, and how the descriptions of multiple perceivers are merged."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from prism_engine.config.models import Registry


SEPARATOR = "~"
"""Separates the names of perceivers whose descriptions are merged."""


class Pictures(StrEnum):
    """How the pictures of a multi-picture sample are sent to the perceiver."""

    EACH = "each"
    """Each picture in a separate request."""
    TOGETHER = "together"
    """All pictures in one request, for models that accept more than one."""
    FIRST = "first"
    """Only the first picture."""


class Merge(StrEnum):
    """How the descriptions of multiple perceivers are merged."""

    LABELLED = "labelled"
    """In the order in which the perceivers are named, each under a numbered label."""
    PLAIN = "plain"
    """In the same order, separated by an empty line."""
    ORIGINAL = "original"
    """As in the original framework: in reverse order, without a separator."""


def perceiver_names(name: str) -> tuple[str, ...]:
    """Return the names in `A~B~C`; a name may itself begin with `~/`.

    Raises:
        ConfigError: a name is missing or repeated.
    """
    names = []
    rest: str | None = name
    while rest is not None:
        home = "~/" if rest.startswith("~/") else ""
        part, separator, after = rest.removeprefix(home).partition(SEPARATOR)
        names.append(home + part)
        rest = after if separator else None
    if not all(names):
        raise ConfigError(f"perceiver {name!r}: a name is missing before or after a {SEPARATOR!r}; write A{SEPARATOR}B")
    if repeated := {part for part in names if names.count(part) > 1}:
        raise ConfigError(f"perceiver {name!r}: {min(repeated)!r} is named twice; name each perceiver once")
    return tuple(names)


def perceivers_of(name: str, registry: Registry) -> tuple[str, ...]:
    """Return the names of the perceivers in `A~B`; a registered name always means one model.

    Raises:
        ConfigError: as `perceiver_names`.
    """
    return (name,) if name in registry or SEPARATOR not in name else perceiver_names(name)
