"""Configuration of judges: a model from the registry, adjusted by VLMEvalKit's and Prism's environment variables."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, ValidationError

from prism_engine.config.api_entry import ApiModel
from prism_engine.config.bounds import Draws, NonNegativeFloat, Tokens  # noqa: TC001 - pydantic reads annotations
from prism_engine.config.env_file import read_env_file
from prism_engine.config.models import ModelSpec  # noqa: TC001 - pydantic reads annotations
from prism_engine.config.overrides import with_limits
from prism_engine.config.request_headers import variables_of
from prism_engine.config.run_config import CommandConfig, CommandOptions
from prism_engine.config.yaml_files import plain_words
from prism_engine.errors import ConfigError
from prism_engine.http import shown_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prism_engine.config.models import Registry

_OPENAI: Final = ApiModel.model_fields["base_url"].default
_ADDRESSES: Final = ("OPENAI_API_BASE_JUDGE", "OPENAI_API_BASE")
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
"""VLMEvalKit's names for judges, with the models they stand for."""


class JudgeConfig(CommandConfig):
    """Configuration of `prism judge`."""

    judge: str
    """The judge: a registered model name, a checkpoint folder, a hub id (`org/name`), or one of VLMEvalKit's names
    for judges (`chatgpt-0125`)."""
    profile: str | None = None
    """Rules for reading answers and reviews: `prism` (the newest version), `prism-1`, `prism-2`, `v1`, `v2` or `v3`;
    None uses the profile of the judged run."""
    max_tokens: Tokens | None = None
    """Output limit of a review, in tokens; None uses the default of the answer kind."""


class JudgeOptions(CommandOptions, total=False):
    """The fields of `JudgeConfig` except `judge` as keywords of `prism.judge`."""

    profile: str | None
    max_tokens: int | None


def find_judge(config: JudgeConfig, registry: Registry, environ: Mapping[str, str]) -> ModelSpec:
    """Return the judge's registry entry, with limits and environment settings applied.

    `OPENAI_API_BASE_JUDGE` or `OPENAI_API_BASE` (with or without `/chat/completions`), `OPENAI_API_KEY_JUDGE` and
    `LOCAL_LLM`, from the environment or a `.env` file, apply only to a judge at OpenAI's address: any other entry
    specifies its own address. An address from `.env` is used only without a key or with one from the same file: the
    file may have come with a folder, and must not choose where the user's own keys go.

    Raises:
        ConfigError: the name is unknown, the entry has no limits to override, a variable holds an invalid address, or
            `.env` would send a key from the environment to its own address.
    """
    registry = registry.merged(config.models)
    spec = _find(config.judge, registry)
    if isinstance(spec, ApiModel) and spec.server is None and spec.base_url == _OPENAI:
        spec = _with_environment(spec, {**read_env_file(), **environ})
        _check_env_file(spec, environ)
    return with_limits("judge", config.judge, spec, config)


def _find(name: str, registry: Registry) -> ModelSpec:
    try:
        return registry.find(name, "judge")
    except ConfigError:
        if name not in _ALIASES:
            raise
        return ApiModel(model=_ALIASES[name])


def _with_environment(spec: ApiModel, settings: Mapping[str, str | None]) -> ApiModel:
    fields = {**dict(spec)}
    source = next((name for name in _ADDRESSES if settings.get(name)), None)
    if source is not None:
        fields["base_url"] = settings[source]
    if settings.get("OPENAI_API_KEY_JUDGE"):
        fields["api_key_env"] = "OPENAI_API_KEY_JUDGE"
    if model := settings.get("LOCAL_LLM"):
        fields["model"] = model
        if not any(settings.get(key) for key in ("OPENAI_API_KEY_JUDGE", "OPENAI_API_KEY")):
            fields["api_key_env"] = None
    try:
        return ApiModel.model_validate(fields)
    except ValidationError as error:
        # `from None`: pydantic's error repeats the address, which may hold a secret
        raise ConfigError(f"{source or 'LOCAL_LLM'}: {plain_words(error.errors()[0]['msg'])}") from None


def _check_env_file(spec: ApiModel, environ: Mapping[str, str]) -> None:
    """Check that an address from `.env` gets nothing from the environment.

    Raises:
        ConfigError: it would.
    """
    written = read_env_file(substitute=False)
    source = next((name for name in _ADDRESSES if environ.get(name, written.get(name))), None)
    if source is None or source in environ:
        return
    keys = ([spec.api_key_env] if spec.api_key_env else []) + [
        variable for value in spec.headers.values() for variable in variables_of(value)
    ]
    if name := next((name for name in (source, "LOCAL_LLM", *keys) if "${" in (written.get(name) or "")), None):
        raise ConfigError(
            f".env: {name} contains a reference (${{...}}), which could send a value of yours to the address "
            f"in {source}: write the value itself, or use `export {source}=...`"
        )
    if key := next((name for name in keys if environ.get(name)), None):
        raise ConfigError(
            f".env: {source} would send your {key}, which is from the environment, to {shown_url(spec.base_url)}. "
            f"If you trust that address, use `export {source}=...`; to send the key that .env has, use `unset {key}`"
        )


class Template(StrEnum):
    """Which of Prometheus-Vision's two prompts is used."""

    DATA = "data"
    """The prompt of its training and evaluation data, for the released weights."""
    README = "readme"
    """The prompt of its README, which mentions the image and puts the criterion in brackets."""


class GradingConfig(JudgeConfig):
    """Configuration of `prism grade`: the judge, and the rows to grade."""

    rows: Path
    """The rows to grade: JSON lines in Perception-Bench's format or prism's own."""
    rubrics: Path | None = None
    """A YAML file with rubrics by name, under `rubrics:`."""
    rubric: str | None = None
    """The name of the rubric for rows without one; None makes such rows an error."""
    template: Template = Template.DATA
    """The prompt template: `data` (Prometheus-Vision's training data) or `readme`."""
    blind: bool = False
    """Leave the pictures out, to see what can be graded without them."""
    reference_free: bool = False
    """Leave the reference answers out."""
    samples: Draws = 1
    """Number of grades drawn per row; the row's score is their mean."""
    temperature: NonNegativeFloat = 1.0
    """Sampling temperature of grades; at 0 (greedy), unreadable grades are not drawn again."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Nucleus sampling: share of probability mass from which tokens are drawn."""
    against: tuple[Path, ...] = ()
    """Other scores of the same rows, for comparison: CSV files with `id` and `score`, or `grades.jsonl` of other
    judges."""


class GradingOptions(JudgeOptions, total=False):
    """The fields of `GradingConfig` except `judge` and `rows` as keywords of `prism.grade`."""

    rubrics: str | Path | None
    rubric: str | None
    template: Template | str
    blind: bool
    reference_free: bool
    samples: int
    temperature: float
    top_p: float
    against: Sequence[str | Path]
