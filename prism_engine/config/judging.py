"""Who judges: a model of the registry, with what VLMEvalKit's and Prism's environment variables say about it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotenv import dotenv_values
from pydantic import (
    Field,
    NonNegativeFloat,
    PositiveInt,
)

from prism_engine.config.models import ApiModel, Dollars, Frozen, Limits, ModelSpec, Registry
from prism_engine.config.run_config import default_cache_dir
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPENAI: Final = ApiModel.model_fields["base_url"].default
_ALIASES: Final = {
    "chatgpt-0125": "gpt-3.5-turbo-0125",
    "chatgpt-1106": "gpt-3.5-turbo-1106",
    "gpt-4-0613": "gpt-4-0613",
    "gpt-4-0125": "gpt-4-0125-preview",
    "gpt-4-0409": "gpt-4-turbo-2024-04-09",
    "gpt-4-turbo": "gpt-4-1106-preview",
    "gpt-4o": "gpt-4o-2024-05-13",
    "gpt-4o-0806": "gpt-4o-2024-08-06",
    "gpt-4o-1120": "gpt-4o-2024-11-20",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
}
"""What VLMEvalKit calls its judges."""


class JudgeConfig(Frozen):
    """What a judge is told."""

    judge: str
    """A name of the registry, a checkpoint's folder, a hub id, or one of VLMEvalKit's names for judges."""
    profile: str | None = None
    """Rules by which answers and reviews are read; None takes the run's own."""
    max_tokens: PositiveInt | None = None
    """Output limit of a review; None takes what the answer kind needs."""
    requests_per_minute: PositiveInt | None = None
    """Overrides the judge's limit of the registry."""
    tokens_per_minute: PositiveInt | None = None
    concurrency: PositiveInt | None = None
    max_cost: Dollars | None = None
    """US dollars that all runs into the results folder may cost, this judge included."""
    cache_dir: Path = Field(default_factory=default_cache_dir)
    results_dir: Path = Path("results")
    models: dict[str, ModelSpec] = Field(default_factory=dict)
    """More models, over those of the registry."""


def find_judge(config: JudgeConfig, registry: Registry, environ: Mapping[str, str]) -> ModelSpec:
    """Return the judge's entry, with limits and the environment's settings laid over.

    `OPENAI_API_BASE_JUDGE` or `OPENAI_API_BASE` (with or without `/chat/completions`), `OPENAI_API_KEY_JUDGE` and
    `LOCAL_LLM`, from the environment or a `.env` file, hold for a judge at OpenAI's address alone: any other entry says
    itself where its model is.

    Raises:
        ConfigError: nothing has that name, or it has no limits to override.
    """
    registry = registry.merged(config.models)
    spec = _found(config.judge, registry)
    if isinstance(spec, ApiModel) and spec.server is None and spec.base_url == _OPENAI:
        spec = _as_told(spec, {**dotenv_values(Path(".env")), **environ})
    names = ("requests_per_minute", "tokens_per_minute", "concurrency")
    given = {name: value for name in names if (value := getattr(config, name)) is not None}
    if not given:
        return spec
    if not isinstance(spec, ApiModel):
        raise ConfigError(f"{', '.join(given)}: judge {config.judge!r} is not behind an API, so it has no limits")
    return spec.model_copy(update={"limits": Limits.model_validate({**dict(spec.limits), **given})})


def _found(name: str, registry: Registry) -> ModelSpec:
    try:
        return registry.find(name)
    except ConfigError:
        if name not in _ALIASES:
            raise
        return ApiModel(model=_ALIASES[name])


def _as_told(spec: ApiModel, told: Mapping[str, str | None]) -> ApiModel:
    fields = {**dict(spec)}
    if base := told.get("OPENAI_API_BASE_JUDGE") or told.get("OPENAI_API_BASE"):
        fields["base_url"] = base
    if told.get("OPENAI_API_KEY_JUDGE"):
        fields["api_key_env"] = "OPENAI_API_KEY_JUDGE"
    if model := told.get("LOCAL_LLM"):
        fields["model"] = model
        if not any(told.get(key) for key in ("OPENAI_API_KEY_JUDGE", "OPENAI_API_KEY")):
            fields["api_key_env"] = None
    try:
        return ApiModel.model_validate(fields)
    except ValueError as error:
        raise ConfigError(f"OPENAI_API_BASE: {base!r} is no address of an API (http://... or https://...)") from error


class Template(StrEnum):
    """Which of Prometheus-Vision's two prompts."""

    DATA = "data"
    """That of its training and evaluation data: for the released weights."""
    README = "readme"
    """That of its README, which names the image and puts the criterion in brackets."""


class GradingConfig(JudgeConfig):
    """What a grading is told, beside its judge."""

    rows: Path
    """JSON lines: Perception-Bench's, or prism's own."""
    rubrics: Path | None = None
    """YAML with rubrics by name."""
    rubric: str | None = None
    """The name of the rubric of rows that have none."""
    template: Template = Template.DATA
    blind: bool = False
    """Leave the pictures out: what can be graded without seeing."""
    reference_free: bool = False
    """Leave the reference answers out."""
    samples: PositiveInt = 1
    """Grades that are drawn for each row."""
    temperature: NonNegativeFloat = 1.0
    top_p: float = 0.9
    against: tuple[Path, ...] = ()
    """Other scores of the same rows: a CSV with `id` and `score`, or another judge's `grades.jsonl`."""
