"""The runs that come before one which joins several perceivers: engines take turns on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.api.parts import assembled
from prism_engine.api.perceiving import engine_roles, seeing_roles
from prism_engine.config import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.config import Registry, RunConfig
    from prism_engine.datasets import Progress as Ingesting


def with_parts(configs: Sequence[RunConfig], registry: Registry, ingesting: Ingesting | None = None) -> list[RunConfig]:
    """Return the runs, each after the perceivers that must have described before it, which come once.

    Of several perceivers that need this machine's memory the last one describes in the run itself, so that its
    descriptions are answered as they come; those before it have runs of their own. Perceivers behind an API describe
    side by side, and need none.

    Raises:
        UserError: as `assembled`.
    """
    every: list[RunConfig] = []
    for config in configs:
        every += [part for part in _parts(config, registry, ingesting) if part not in every]
        every.append(config)
    return every


def _parts(config: RunConfig, registry: Registry, ingesting: Ingesting | None) -> Iterator[RunConfig]:
    known = registry.merged(config.models)
    if not config.mode.describes or config.mode is Mode.REASONING:
        return
    names = seeing_roles(config, known)
    specs = {role: (name, known.find(name)) for role, name in names.items()}
    for role in engine_roles(specs)[:-1]:
        # The limits are the reasoner's, and nothing is answered yet.
        limits = dict.fromkeys(("requests_per_minute", "tokens_per_minute", "concurrency"))
        alone = {"perceiver": names[role], "reasoner": None, "mode": Mode.PERCEPTION, **limits}
        part = config.model_copy(update=alone)
        if _describes_anything(part, registry, ingesting):
            yield part


def _describes_anything(config: RunConfig, registry: Registry, ingesting: Ingesting | None) -> bool:
    with assembled(config, registry, look_only=True, ingesting=ingesting) as parts:
        plan = parts.plan().describing
    return plan.to_call + plan.unknown > 0
