"""Who answers the questions of a run, and from what."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from prism_engine.config.models import Registry
    from prism_engine.config.run_config import RunConfig


class Mode(StrEnum):
    """One arm of the analysis: who answers the questions, and from what."""

    ALL = "all"
    """The reasoner, from the perceiver's descriptions."""
    PERCEPTION = "perception"
    """Nobody: the perceiver describes."""
    REASONING = "reasoning"
    """The reasoner, from descriptions that are in the cache; the perceiver is never started."""
    DIRECT = "direct"
    """The perceiver by itself, from the pictures."""
    BLIND = "blind"
    """The reasoner, from the question alone: what can be known without seeing."""
    ORACLE = "oracle"
    """The reasoner, from the benchmark's gold descriptions: its ceiling."""
    PROMPTS = "prompts"
    """Nobody, and nothing is described: the writer of a query-specific instruction says what each question needs
    observed."""

    @property
    def describes(self) -> bool:
        """Whether the perceiver's descriptions are part of it."""
        return self in (Mode.ALL, Mode.PERCEPTION, Mode.REASONING)

    @property
    def answers(self) -> bool:
        """Whether questions are answered, and so scored."""
        return self not in (Mode.PERCEPTION, Mode.PROMPTS)

    @property
    def needs_perceiver(self) -> bool:
        """Whether a perceiver must be named."""
        return self.describes or self is Mode.DIRECT

    @property
    def needs_reasoner(self) -> bool:
        """Whether a reasoner must be named."""
        return self.answers and self is not Mode.DIRECT


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


_LIMITED = re.compile(r"(.+)-(\d{1,7})")


def with_own_limit(config: RunConfig, registry: Registry) -> RunConfig:
    """Return the run with the output limit that the reasoner's name ends in, where only the rest is a registered name.

    Raises:
        ConfigError: another limit is given beside it.
    """
    name = config.reasoner
    found = _LIMITED.fullmatch(name) if name is not None and name not in registry else None
    if found is None or found[1] not in registry or int(found[2]) == 0:
        return config
    limit, given = int(found[2]), config.reasoning.max_tokens
    usual = type(config.reasoning)().max_tokens
    if given not in (usual, limit):
        raise ConfigError(
            f"reasoner {name!r} says {limit} tokens, --reasoning-tokens (reasoning.max_tokens) says {given}; give one"
        )
    reasoning = config.reasoning.model_copy(update={"max_tokens": limit})
    return config.model_copy(update={"reasoner": found[1], "reasoning": reasoning})


def perceivers_of(name: str, registry: Registry) -> tuple[str, ...]:
    """Return the names of the perceivers whose descriptions `A~B` joins; a registered name is always one model's.

    Raises:
        ConfigError: as `perceiver_names`.
    """
    return (name,) if name in registry or BETWEEN not in name else perceiver_names(name)
