"""How a sample's pictures are shown, and how several perceivers' descriptions become one: choices and names."""

from __future__ import annotations

from enum import StrEnum

from prism_engine.errors import ConfigError

BETWEEN = "~"
"""Stands between the names of perceivers whose descriptions are merged."""


class Pictures(StrEnum):
    """What the perceiver is shown of a sample with several pictures."""

    EACH = "each"
    """One after the other, each in a request of its own."""
    TOGETHER = "together"
    """All in one request, for models that take several."""
    FIRST = "first"
    """The first one, and no other."""


class Merge(StrEnum):
    """How the descriptions of several perceivers become one."""

    LABELLED = "labelled"
    """In the order in which the perceivers are named, each under a numbered label."""
    PLAIN = "plain"
    """In the same order, an empty line between them."""
    ORIGINAL = "original"
    """As the original framework: the later one before the earlier one, nothing between them."""


def perceiver_names(name: str) -> tuple[str, ...]:
    """Return the names in `A~B~C`; a part may itself begin with `~/`.

    Raises:
        ConfigError: a name is missing, or there twice.
    """
    names = []
    rest: str | None = name
    while rest is not None:
        home = "~/" if rest.startswith("~/") else ""
        part, between, after = rest.removeprefix(home).partition(BETWEEN)
        names.append(home + part)
        rest = after if between else None
    if not all(names):
        raise ConfigError(f"perceiver {name!r}: a name is missing beside a {BETWEEN!r}; write A{BETWEEN}B")
    if twice := {one for one in names if names.count(one) > 1}:
        raise ConfigError(f"perceiver {name!r}: {min(twice)!r} is there twice, and would say the same twice")
    return tuple(names)
