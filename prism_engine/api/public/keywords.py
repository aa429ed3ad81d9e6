"""Configurations made from the keyword options of the public functions; their types are next to the configurations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter

from prism_engine.config import RunConfig, load_registry, load_run_configs
from prism_engine.config.run_config import SWEPT
from prism_engine.config.yaml_files import validated
from prism_engine.config.yaml_loader import shown
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prism_engine.config import Registry

T = TypeVar("T")


def one_run(config: RunConfig | None, options: Mapping[str, Any], *, instead: str = "use run_many") -> RunConfig:
    """Return the configuration of one run.

    Args:
        instead: what to do about options that describe multiple runs, for the message.

    Raises:
        ConfigError: an option is unknown or invalid, or one is a list.
    """
    runs = sweep(config, options)
    if len(runs) > 1:
        raise ConfigError(f"these options describe {len(runs)} runs; {instead}")
    return runs[0]


def sweep(configs: RunConfig | Iterable[RunConfig] | None, options: Mapping[str, Any]) -> list[RunConfig]:
    """Return the configurations of multiple runs: those given, with the options replaced, or those of the options.

    Raises:
        ConfigError: an option is unknown or invalid, or a list where configurations are given.
    """
    options = {name: _plain(name, value) for name, value in options.items()}
    if configs is None:
        if options.get("benchmark") is None and set(options) <= set(RunConfig.model_fields):
            raise ConfigError("no benchmark is given: name it with benchmark=..., or give a RunConfig")
        return list(load_run_configs(None, options))
    given = [configs] if isinstance(configs, RunConfig | str | Path) else list(configs)
    if not given:
        raise ConfigError("no run is given")
    if (other := next((each for each in given if not isinstance(each, RunConfig)), None)) is not None:
        raise ConfigError(f"{shown(other)} is no RunConfig: give options by name, such as benchmark={shown(other)}")
    return [config_of(RunConfig, {**dict(config), **options}) for config in given]


def config_of(kind: type[T], options: Mapping[str, Any]) -> T:
    """Return a configuration made from keyword options.

    Raises:
        ConfigError: an option is unknown or invalid; the message lists all mistakes, with the nearest known names.
    """
    return validated(TypeAdapter(kind), dict(options), "options")


def registry_or_default(registry: Registry | None) -> Registry:
    """Return the registry, or the one that ships with prism."""
    return load_registry() if registry is None else registry


def _plain(name: str, value: Any) -> Any:
    """Return an option as a run file would have it: a path as text, a sequence of values of a sweep as a list."""
    if name not in SWEPT:
        return value
    if isinstance(value, Path):
        return str(value)
    return [_plain(name, each) for each in value] if isinstance(value, (list, tuple)) else value
