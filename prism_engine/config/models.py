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
<<<<<<< HEAD
from prism_engine.config.pasted_keys import is_variable, secret_path
from prism_engine.config.reasoning_effort import (
    ReasoningEffort,
    ReasoningStyle,
    merged_fields,
    reasoning_fields,
    unlimited_thinking,
)
from prism_engine.config.request_headers import carry_key, check_headers, variables_of
from prism_engine.config.yaml_files import nearest, option_and_key, read_yaml, validated
=======
from prism_engine.config.model_entry import ModelEntry, ModelListing
from prism_engine.config.yaml_files import nearest, read_yaml, validated
>>>>>>> h16f
from prism_engine.errors import ConfigError

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


<<<<<<< HEAD
class LimitOverrides(Protocol):
    """A configuration that may override a model's rate limits; None keeps the registry's value."""

    @property
    def requests_per_minute(self) -> int | None: ...  # noqa: D102 - see Limits

    @property
    def tokens_per_minute(self) -> int | None: ...  # noqa: D102

    @property
    def concurrency(self) -> int | None: ...  # noqa: D102


_LIMIT_OPTIONS: Final = {"requests_per_minute": "--rpm", "tokens_per_minute": "--tpm", "concurrency": "--concurrency"}


def with_limits(role: str, name: str, spec: ModelSpec, config: LimitOverrides) -> ModelSpec:
    """Return a model's entry with the rate limits that the configuration overrides.

    Args:
        role: what the model is used as, for the error.

    Raises:
        ConfigError: the entry has no limits to override.
    """
    given = {limit: value for limit in _LIMIT_OPTIONS if (value := getattr(config, limit)) is not None}
    if not given:
        return spec
    if spec.rate_limits is None:
        options = ", ".join(option_and_key(_LIMIT_OPTIONS[limit], limit) for limit in given)
        raise ConfigError(
            f"{options}: {role} {name!r} is not behind an API, so it has no limits; leave the option out. Limits of "
            "another model are `limits:` of its entry in the registry"
        )
    return spec.model_copy(update={"limits": spec.rate_limits.model_copy(update=given)})


class ReasoningOverrides(Protocol):
    """A configuration that may override how long the answering model thinks; None keeps the registry's value."""

    @property
    def reasoning_effort(self) -> ReasoningEffort | None: ...  # noqa: D102 - see ApiModel

    @property
    def thinking_budget(self) -> int | None: ...  # noqa: D102


def with_reasoning(role: str, name: str, spec: ModelSpec, config: ReasoningOverrides) -> ModelSpec:
    """Return a model's entry with the reasoning effort or thinking budget that the configuration overrides.

    Args:
        role: what the model is used as, for the error.

    Raises:
        ConfigError: the entry cannot take them.
    """
    effort, budget = config.reasoning_effort, config.thinking_budget
    if effort is None and budget is None:
        return spec
    option = f"reasoning_effort {effort}" if effort is not None else f"thinking_budget {budget}"
    try:
        return spec.reasoning_with(effort, budget)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
    except ValueError as error:
        reason = str(error)
    raise ConfigError(f"{option}: {role} {name!r} cannot take it: {reason}")


=======
>>>>>>> h16f
HUB_ID = re.compile(r"[\w-][\w.-]{0,95}/[\w.-]{1,96}")


class Registry:
    """Model names with their specs; a later source overrides an earlier one name by name."""

    def __init__(self, models: Mapping[str, ModelSpec]) -> None:
        self._models = dict(models)

    def __iter__(self) -> Iterator[tuple[str, ModelSpec]]:
        return iter(sorted(self._models.items()))

    def __contains__(self, name: object) -> bool:
        return name in self._models

    def find(self, name: str) -> ModelSpec:
        """Return the spec of a registered name, a local checkpoint folder, or a hub id such as `org/name`.

        Raises:
            ConfigError: the name is none of these; the message names the nearest registered names.
        """
        if name in self._models:
            return self._models[name]
        if is_file(Path(name).expanduser() / "config.json"):
            return VllmModel(model=name)
        if HUB_ID.fullmatch(name) and not Path(name).exists():
            return VllmModel(model=name)
        raise ConfigError(
            f"unknown model {name!r}{nearest(name, self._models) or '.'} `prism models` lists the known ones; add your "
            "own under `models:` in the run file, or give a local checkpoint folder or a hub id (org/name)."
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
