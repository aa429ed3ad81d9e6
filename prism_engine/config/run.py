"""One run: benchmark x perceiver x instruction x reasoner, limits, and where things lie."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import platformdirs
from pydantic import Field, NonNegativeInt, PositiveInt, TypeAdapter, field_validator

from prism_engine.config.models import Frozen, ModelSpec
from prism_engine.config.reading import read_yaml, validated
from prism_engine.errors import ConfigError
from prism_engine.records import Sampling

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHECKOUT = Path(__file__).parents[2]


class Mode(StrEnum):
    """Which stages a run goes through."""

    ALL = "all"
    """Describe, then answer."""
    PERCEPTION = "perception"
    """Describe only."""
    REASONING = "reasoning"
    """Answer from descriptions that are in the cache; the perceiver is never started."""


class SamplingConfig(Frozen):
    """How one stage draws its completions."""

    max_tokens: PositiveInt = 512
    """Output limit in tokens."""
    temperature: Annotated[float, Field(ge=0)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()

    def to_sampling(self) -> Sampling:
        """Return the value that travels with each call."""
        return Sampling(
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            stop=self.stop,
        )


def default_cache_dir() -> Path:
    """Return `$PRISM_CACHE`, else `cache/` of a checkout, else the user's cache folder."""
    if from_environment := os.environ.get("PRISM_CACHE"):
        return Path(from_environment).expanduser()
    if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "prism_engine").is_dir():
        return _CHECKOUT / "cache"
    return Path(platformdirs.user_cache_dir("prism-engine", appauthor=False))


class RunConfig(Frozen):
    """Everything that a run is told; what is left out has the default that most users want."""

    benchmark: str
    """A benchmark's name, or the path of a TSV in VLMEvalKit's format."""
    perceiver: str
    """The VLM that describes: a name of the registry, or the folder of a checkpoint."""
    reasoner: str | None = None
    """The LLM that answers; not needed in mode `perception`."""
    instruction: str = "generic"
    """What the perceiver is told: the name of a built-in instruction."""
    mode: Mode = Mode.ALL
    samples: PositiveInt | None = None
    """Take only the first this many samples; None takes all."""
    perception: SamplingConfig = SamplingConfig()
    reasoning: SamplingConfig = SamplingConfig()
    profile: str = "v3"
    """Rules by which an option is read out of a reply (v1, v2, v3)."""
    requests_per_minute: PositiveInt | None = None
    """Overrides the reasoner's limit of the registry."""
    tokens_per_minute: PositiveInt | None = None
    """Overrides the reasoner's limit of the registry."""
    concurrency: PositiveInt | None = None
    """Overrides the reasoner's requests on the wire at once."""
    ahead: NonNegativeInt = 256
    """Samples that may be described and wait for the reasoner; bounds memory."""
    cache_dir: Path = Field(default_factory=default_cache_dir)
    results_dir: Path = Path("results")
    models: dict[str, ModelSpec] = Field(default_factory=dict)
    """Models of this run's own, over those of the registry."""

    @field_validator("cache_dir", "results_dir")
    @classmethod
    def _is_home_known(cls, folder: Path) -> Path:
        return folder.expanduser()

    @property
    def needs_reasoner(self) -> bool:
        """Whether the mode answers questions."""
        return self.mode is not Mode.PERCEPTION


_RUN: TypeAdapter[RunConfig] = TypeAdapter(RunConfig)


def load_run_config(path: Path | None, options: Mapping[str, Any]) -> RunConfig:
    """Read a run file and lay the given options over it (nested ones by dotted keys: `perception.max_tokens`).

    Options whose value is None are left to the file. Relative paths mean: from the current folder.

    Raises:
        ConfigError: the file or an option is wrong; all mistakes at once, with the nearest known key.
    """
    data = read_yaml(path) if path else {}
    for dotted, value in options.items():
        if value is None:
            continue
        *parents, last = dotted.split(".")
        place = data
        for parent in parents:
            inner = place.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{path}: {parent}: must be `key: value` pairs")
            place = inner
        place[last] = value
    for needed in ("benchmark", "perceiver"):
        if needed not in data and set(data) <= set(RunConfig.model_fields):  # else a misspelt key is the better news
            option = "as the argument" if needed == "benchmark" else f"with --{needed} (`prism models` lists names)"
            raise ConfigError(f"{path or 'options'}: no {needed}: give it {option}, or as `{needed}:` in a run file")
    config = validated(_RUN, data, str(path) if path else "options")
    if config.needs_reasoner and config.reasoner is None:
        raise ConfigError(
            f"mode {config.mode.value!r} needs a reasoner: give --reasoner, or --mode perception to describe only"
        )
    return config
