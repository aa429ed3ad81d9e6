"""The model registry: the model names that a run may use, with their specifications."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, TypeAdapter

from prism_engine.config.api_entry import ApiModel
from prism_engine.config.bounds import NonNegativeFloat, PositiveInt  # noqa: TC001 - pydantic reads annotations
from prism_engine.config.checkpoint_entry import VllmModel
from prism_engine.config.file_types import is_file
from prism_engine.config.model_entry import ModelEntry, ModelListing
from prism_engine.config.text_encoding import is_text
from prism_engine.config.yaml_files import read_yaml, validated
from prism_engine.errors import ConfigError
from prism_engine.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class ScriptedModel(ModelEntry):
    """Canned replies for trying out a run: no model, no network, no cost."""

    backend: Literal["scripted"] = "scripted"
    """`scripted`: reply with canned texts."""
    replies: Annotated[tuple[str, ...], Field(min_length=1)] = ("A scripted description.",)
    """The possible replies; a hash of the call selects one, so a rerun gives the same answers."""
    delay: NonNegativeFloat = 0.0
    """Duration of each call, in seconds."""
    failure_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of calls that are rejected (0 to 1), selected by a hash of the call."""
    concurrency: PositiveInt = 64
    """Maximum concurrent calls."""

    runs_locally: ClassVar[Literal[False]] = False
    is_paid: ClassVar[Literal[False]] = False

    @property
    def listing(self) -> ModelListing:  # noqa: D102 - see ModelEntry
        return ModelListing("scripted")


ModelSpec = Annotated[VllmModel | ApiModel | ScriptedModel, Field(discriminator="backend")]
_SPECS: TypeAdapter[dict[str, ModelSpec]] = TypeAdapter(dict[str, ModelSpec])


HUB_ID = re.compile(r"[\w-][\w.-]{0,95}/[\w.-]{1,96}")


class Registry:
    """Model names with their specs; a later source overrides an earlier one name by name."""

    def __init__(self, models: Mapping[str, ModelSpec]) -> None:
        self._models = dict(models)

    def __iter__(self) -> Iterator[tuple[str, ModelSpec]]:
        return iter(sorted(self._models.items()))

    def __contains__(self, name: object) -> bool:
        return name in self._models

    def find(self, name: str, role: str = "") -> ModelSpec:
        """Return the spec of a registered name, a local checkpoint folder, or a hub id such as `org/name`.

        Args:
            name: what the user wrote.
            role: what the model is for, at the beginning of a message.

        Raises:
            ConfigError: the name is none of these; the message names the nearest registered names.
        """
        if not is_text(name):
            raise ConfigError(f"{role or 'model'}: {name!a} contains a surrogate, which is half a character")
        if name in self._models:
            return self._models[name]
        if is_file(Path(name).expanduser() / "config.json"):
            return VllmModel(model=name)
        if HUB_ID.fullmatch(name) and not Path(name).exists():
            return VllmModel(model=name)
        raise ConfigError(
            f"{role and f'{role}: '}unknown model {name!r}{did_you_mean(name, self._models) or '.'} `prism models` "
            "lists the known ones; add your own under `models:` in the run file, or give a checkpoint's folder or a "
            "hub id (org/name)."
        )

    def merged(self, models: Mapping[str, ModelSpec]) -> Registry:
        """Return this registry with additional models, which override those with the same name."""
        return Registry({**self._models, **models})


def parse_models(data: object, where: str) -> dict[str, ModelSpec]:
    """Validate a `models:` mapping.

    Raises:
        ConfigError: it is invalid; the message lists all mistakes.
    """
    return validated(_SPECS, data, where)


def load_registry(paths: Sequence[Path] = ()) -> Registry:
    """Read the registry that ships with prism, then additional YAML files (`models:` at the top level).

    Raises:
        ConfigError: a file cannot be read or is invalid.
    """
    registry = Registry({})
    for path in (shipped_models(), *paths):
        data = read_yaml(path)
        unknown = sorted(set(data) - {"models"})
        if unknown:
            raise ConfigError(f"{path}: unknown key {unknown[0]!r}; a models file may contain only `models:`")
        registry = registry.merged(parse_models(data.get("models") or {}, f"{path}: models"))
    return registry


def shipped_models() -> Path:
    """Return the path of the shipped registry file: next to this module when installed, in `configs/` in a checkout."""
    installed = Path(__file__).with_name("models.yaml")
    return installed if installed.is_file() else Path(__file__).parents[2] / "configs" / "models.yaml"
