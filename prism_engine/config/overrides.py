"""Settings of a registry entry that a run may override: rate limits, and how long the model thinks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from pydantic import ValidationError

from prism_engine.config.yaml_files import option_and_key
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from prism_engine.config.models import ModelSpec
    from prism_engine.config.reasoning_effort import ReasoningEffort


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
