"""The models of a run whose rate limits can be changed while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prism_engine.errors import ConfigError
from prism_engine.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.api.build.workbench import Workbench
    from prism_engine.api.runs.prepared import PreparedRun
    from prism_engine.backends.base import Backend
    from prism_engine.config import Limits
    from prism_engine.control.messages import LiveSetting


class LimitedModel(NamedTuple):
    """A model with rate limits, as a run uses it."""

    role: str
    name: str
    backend: Backend

    @property
    def limits(self) -> Limits:
        """The limits in force."""
        limits = self.backend.limits
        assert limits is not None
        return limits

    def change(self, key: str, value: int) -> None:
        """Set one limit; effective at once."""
        self.backend.change_limits(self.limits.model_copy(update={key: value}))

    def is_used_by(self, run: PreparedRun, shared: Workbench) -> bool:
        """Whether a run has this model, as whatever."""
        return any(shared.owner(model.backend) is self.backend for model in run.parts.models.values())


def limited_models(run: PreparedRun, shared: Workbench) -> list[LimitedModel]:
    """Return the models of a run that are behind an API."""
    models = []
    for role, model in run.parts.models.items():
        backend = shared.owner(model.backend)
        if backend is not None and backend.limits is not None:
            models.append(LimitedModel(role, run.parts.specs[role][0], backend))
    return models


def model_for(setting: LiveSetting, run: PreparedRun, models: Sequence[LimitedModel]) -> LimitedModel:
    """Return the model that a limit is for.

    Args:
        models: of the run that have limits.

    Raises:
        ConfigError: it is for none of them, or for which one is not clear.
    """
    if not setting.target:
        return _only_model(setting, models)
    named = next((model for model in models if setting.target in (model.role, model.name)), None)
    if named is not None:
        return named
    known = {name for role, (name, _) in run.parts.specs.items() for name in (role, name)}
    if setting.target not in known:
        raise ConfigError(
            f"{setting.name}: this run has no {setting.target!r}{did_you_mean(setting.target, known)}; it has "
            + ", ".join(f"{role} ({name})" for role, (name, _) in run.parts.specs.items())
        )
    raise ConfigError(
        f"{setting.name}: {setting.target!r} is not behind an API that this run calls, so it has no limits"
    )


def _only_model(setting: LiveSetting, models: Sequence[LimitedModel]) -> LimitedModel:
    if not models:
        raise ConfigError(f"{setting.name}: no model that this run calls is behind an API, so none has limits")
    if len({id(model.backend) for model in models}) > 1:
        choices = [f"{model.role}.{setting.name}={setting.value} ({model.name})" for model in models]
        raise ConfigError(
            f"{setting.name}: this run has {len(models)} models with limits; say which: {' or '.join(choices)}"
        )
    return models[0]


def said(key: str, value: int) -> str:
    """Return a limit for people, such as `100 requests per minute`."""
    return f"{value:,} {key.replace('_', ' ')}" if key != "concurrency" else f"{value:,} concurrent requests"
