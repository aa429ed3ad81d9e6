"""Names that say more than which model: `A~B` means several perceivers, `NAME-2048` an output limit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prism_engine.config.perceiving import BETWEEN, perceiver_names
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from prism_engine.config.models import Registry
    from prism_engine.config.run_config import RunConfig

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
