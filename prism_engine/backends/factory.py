"""The internal registry of backends: identifies and builds the model of a registry entry."""

from __future__ import annotations

import logging
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from prism_engine.config import ApiModel, ScriptedModel, VllmModel
from prism_engine.errors import ConfigError
from prism_engine.records import ModelIdentity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prism_engine.backends.base import Backend
    from prism_engine.backends.chat.paying import SupportsReserve
    from prism_engine.config import ModelSpec
    from prism_engine.config.model_entry import ModelEntry

BACKENDS: Mapping[type[ModelEntry], str] = {
    VllmModel: "prism_engine.backends.vllm.entry",
    ApiModel: "prism_engine.backends.endpoint",
    ScriptedModel: "prism_engine.backends.scripted",
}
"""The `BackendModule` of each type of registry entry, by name: only the modules of the models in use are imported."""

_log = logging.getLogger(__name__)


class BackendModule(Protocol):
    """The functions that a backend's module has at its top level."""

    def identity_facts(self, spec: Any, cache_dir: Path, /) -> Mapping[str, str] | None:
        """Return everything that shapes the model's completions, and nothing operational.

        Needs neither the engine nor an API key nor, for local weights, a network. If it returns None or nothing, the
        model's calls are not cached.

        Raises:
            ConfigError: the model cannot be identified.
        """

    def build(self, name: str, spec: Any, cache_dir: Path, budget: SupportsReserve | None, /) -> Backend:
        """Return the backend of an entry; whatever only calls need is started and imported later.

        Raises:
            ConfigError: the API key is neither in the environment nor in `.env`.
        """


def identify_model(name: str, spec: ModelSpec, cache_dir: Path) -> ModelIdentity:
    """Return the model's identity; its first use without facts logs that the model's results are not cached.

    Raises:
        ConfigError: as `BackendModule.identity_facts`; a checkpoint is neither a folder nor a hub id whose commit can
            be determined; or the entry has no backend.
    """
    facts = _module(name, spec).identity_facts(spec, cache_dir) or {}
    identity = ModelIdentity(name, tuple(sorted(facts.items())), spec.pictures)
    if not identity.is_stated:
        _note_uncached(name)
    return identity


def pinned(spec: ModelSpec, identity: ModelIdentity) -> ModelSpec:
    """Return the entry with the hub commit of the identity as its revision, so that no other commit is loaded later."""
    _, _, commit = dict(identity.facts).get("hub", "").partition("@")
    return spec.pinned_to(commit) if commit else spec


def build_backend(name: str, spec: ModelSpec, cache_dir: Path, budget: SupportsReserve | None = None) -> Backend:
    """Return the backend of a registry entry; whatever only calls need is started and imported later.

    Args:
        budget: pays for the requests of an API.

    Raises:
        ConfigError: as `BackendModule.build`, or the entry has no backend.
    """
    return _module(name, spec).build(name, spec, cache_dir, budget)


def _module(name: str, spec: ModelSpec) -> BackendModule:
    try:
        path = BACKENDS[type(spec)]
    except KeyError:
        raise ConfigError(
            f"model {name!r}: backend {spec.backend!r} ({type(spec).__name__}) has no row in {__name__}.BACKENDS"
        ) from None
    return cast("BackendModule", import_module(path))


@cache
def _note_uncached(name: str) -> None:
    """Log it once per process."""
    _log.warning("results of %s are not cached: its backend states no identity", name)
