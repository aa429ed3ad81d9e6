"""Resolves a configuration: names to entries, identities, prices, instruction and rules. Opens and calls nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.api.build.instruction_sources import read_instruction
from prism_engine.api.build.perception_side import WRITER, cache_only_roles, perception_roles
from prism_engine.backends.factory import identify_model
from prism_engine.budget import Price, lasting_price_of, price_of
from prism_engine.config.overrides import with_limits, with_reasoning
from prism_engine.config.run_config import with_own_limit
from prism_engine.config.text_encoding import is_text
from prism_engine.datasets import data_roots, find_benchmark
from prism_engine.errors import ConfigError
from prism_engine.scoring import known_profile, scorer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.api.build.instruction_sources import Instruction
    from prism_engine.config import ModelSpec, Registry, RunConfig
    from prism_engine.records import AnswerKind, ModelIdentity
    from prism_engine.scoring import Scorer


class ResolvedModel(NamedTuple):
    """A model that a configuration names."""

    name: str
    spec: ModelSpec
    """Its registry entry, with the configuration's own limits."""
    identity: ModelIdentity
    price: Price | None
    """None if its requests may be charged for at an unknown price."""
    row_price: Price | None = None
    """The price by which rows state what a call costs; None if it is unknown, or if no provider is asked."""


@dataclass(frozen=True)
class ResolvedRun:
    """Everything that the configuration of a run means, before anything is opened."""

    config: RunConfig
    """With the output limit that the reasoner's name ends in."""
    models: Mapping[str, ResolvedModel]
    """By role, perceivers first."""
    instruction: Instruction
    benchmark: Path
    profile: str
    """The resolved name of the scoring profile."""
    entries: Mapping[str, ModelSpec]
    """The registry entries of all models, by name, without what the run overrides for one role."""

    @property
    def row_prices(self) -> dict[str, Price]:
        """The price by which rows state what a call costs, by the model's name."""
        return {model.name: model.row_price for model in self.models.values() if model.row_price is not None}

    def scorer(self, benchmark_kind: AnswerKind) -> Scorer:
        """Return the scorer: of the configured answer kind, else of the benchmark's."""
        return scorer_of(self.config.answer_kind or benchmark_kind, self.profile)


def resolve_model(name: str, spec: ModelSpec, cache_dir: Path) -> ResolvedModel:
    """Return what identifies a model and what its requests cost.

    Raises:
        ConfigError: it cannot be identified.
    """
    price = price_of(spec) if spec.is_paid else Price.nothing()
    row_price = lasting_price_of(spec) if spec.is_paid else None
    return ResolvedModel(name, spec, identify_model(name, spec, cache_dir), price, row_price)


def resolve_run(config: RunConfig, registry: Registry) -> ResolvedRun:
    """Return what a configuration means.

    Raises:
        UserError: it names something that does not exist, or wants results from the cache that cannot be in it.
    """
    registry = registry.merged(config.models)
    config = with_own_limit(config, registry)
    instruction = read_instruction(config.instruction)
    profile = known_profile(config.profile)
    specs = _entries(config, registry)
    models = {
        role: resolve_model(name, spec, config.cache_dir)
        for role, (name, spec) in _with_reasoning(specs, config).items()
    }
    _check_cacheable(config, models)
    benchmark = find_benchmark(config.benchmark, data_roots(os.environ))
    _check_names(config, benchmark)
    return ResolvedRun(config, models, instruction, benchmark, profile, dict(specs.values()))


def _entries(config: RunConfig, registry: Registry) -> dict[str, tuple[str, ModelSpec]]:
    """Return the name and the registry entry of each role."""
    names = perception_roles(config, registry)
    if config.mode.needs_reasoner:
        names["reasoner"] = str(config.reasoner)
    limited = config.reasoner or config.perceiver or names.get(WRITER)
    specs = {role: (name, registry.find(name, _shown(role))) for role, name in names.items()}
    meant = "reasoner" if config.reasoner else "perceiver" if config.perceiver else WRITER
    # By name and not by role: a model in both roles has one quota.
    return {
        role: (name, with_limits(meant, name, spec, config) if name == limited else spec)
        for role, (name, spec) in specs.items()
    }


def _shown(role: str) -> str:
    """Return a role in the words of a message."""
    return "hint writer" if role == WRITER else role.partition("_")[0]


def _with_reasoning(specs: Mapping[str, tuple[str, ModelSpec]], config: RunConfig) -> dict[str, tuple[str, ModelSpec]]:
    """Return the entries with the run's reasoning effort for the role that answers; descriptions stay the same."""
    changed = dict(specs)
    if config.mode.answers:
        role = "perceiver" if config.mode.direct else "reasoner"
        name, spec = changed[role]
        changed[role] = name, with_reasoning(role, name, spec, config)
    return changed


def _check_names(config: RunConfig, benchmark: Path) -> None:
    """Check that all names that the results record are text: a path on disk may hold any bytes.

    Raises:
        ConfigError: one is not; names the setting.
    """
    paths = {"benchmark": benchmark, "results_dir": config.results_dir, "cache_dir": config.cache_dir}
    whole = {name: path.absolute() for name, path in paths.items()}
    for name, value in {**dict(config), **whole, "current folder": Path.cwd()}.items():
        if not is_text(str(value)):
            shown = os.fsencode(str(value)).decode("utf-8", "backslashreplace")
            raise ConfigError(f"{name}: '{shown}' is not valid UTF-8, which results are written in; rename it (`mv`)")


def _answerer(config: RunConfig) -> str:
    """Return the role of the model that answers."""
    return "perceiver" if config.mode.direct else "reasoner"


def _check_cacheable(config: RunConfig, models: Mapping[str, ResolvedModel]) -> None:
    """Check that no result is needed from the cache that cannot be in it.

    Raises:
        ConfigError: a model that does not state its identity would have to answer from the cache.
    """
    cache_only = cache_only_roles(config, models)
    for role, model in models.items():
        if model.identity.is_stated:
            continue
        why = f"but results of {model.name!r} are not cached: its backend states no identity"
        if config.rotations != 1 and role != _answerer(config):
            raise ConfigError(
                f"--rotate: all rotations of a question share what {model.name!r} writes about it, {why}; leave it "
                "out, or give descriptions as --descriptions FILE"
            )
        if config.retry_failed:
            raise ConfigError(f"--retry-failed takes the other samples from the cache, {why}; run without it")
        if role in cache_only:
            raise ConfigError(
                f"mode {config.mode.name!r} takes descriptions from the cache, {why}; use --mode all, or give them as "
                "--descriptions FILE"
            )
