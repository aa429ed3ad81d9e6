"""The model registry: names that a run may use, and what stands behind each."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    TypeAdapter,
    field_validator,
)
from pydantic_core import PydanticCustomError

from prism_engine.config.yaml_files import nearest, read_yaml, validated
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_OURS = ("model", "messages", "stream", "n", "max_tokens", "max_completion_tokens")  # fields of a request


_EMBEDDED = "embedded:"
_NANO = Path(__file__).parents[1] / "nano"


def _found(model: str) -> str:
    """Put the folder in for `embedded:captioner` and `embedded:reasoner`, the models that come with the package."""
    if not model.startswith(_EMBEDDED):
        return model
    folder = _NANO / model.removeprefix(_EMBEDDED)
    if not (folder / "config.json").is_file():
        known = ", ".join(sorted(f"{_EMBEDDED}{path.parent.name}" for path in _NANO.glob("*/config.json")))
        raise ValueError(f"{model!r} does not come with the package; known: {known}")
    return str(folder)


Checkpoint = Annotated[str, AfterValidator(_found)]
"""Hub id, the path of a local checkpoint, or `embedded:` and the name of one that comes with the package."""


class Frozen(BaseModel):
    """Base of every value that comes from a user's file: immutable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Limits(Frozen):
    """What an API allows; None means that no limit is kept on our side."""

    requests_per_minute: PositiveInt | None = None
    tokens_per_minute: PositiveInt | None = None
    """Prompt and completion tokens together, over any minute."""
    input_tokens_per_minute: PositiveInt | None = None
    """Prompt tokens, where the API counts them apart."""
    output_tokens_per_minute: PositiveInt | None = None
    """Completion tokens, where the API counts them apart."""
    concurrency: PositiveInt = 64
    """Requests on the wire at once, at most: a run begins with fewer, and sends fewer where the API refuses them."""


Dollars = Annotated[Decimal, Field(ge=0, allow_inf_nan=False, max_digits=20)]


class PriceSpec(Frozen):
    """What a model's tokens cost, in US dollars per million, as providers list it."""

    input: Dollars
    cached_input: Dollars | None = None
    """Prompt tokens that the provider had in its cache; None costs the same as `input`."""
    output: Dollars
    """Reasoning tokens included."""
    request: Dollars = Decimal(0)
    """Per request, whatever its tokens."""


class ModelInfo(Frozen):
    """What people want to know of a model when they compare it; nothing here shapes an answer."""

    parameters: Annotated[str, Field(pattern=r"^\d+(\.\d+)?[MBT]$")] | None = None
    """How many, such as 7B or 256M."""
    licence: str | None = None
    type: Literal["open", "proprietary", "api"] | None = None
    """Open weights, weights that are not to be had, or known by its API alone."""


class Described(Frozen):
    """What every registry entry may say."""

    about: ModelInfo | None = None


class VllmModel(Described):
    """A checkpoint run by vLLM in this process."""

    backend: Literal["vllm"] = "vllm"
    model: Checkpoint
    revision: str | None = None
    engine: dict[str, Any] = Field(default_factory=dict)
    """vLLM engine options by their Python names (`max_model_len`, `dtype`, ...), passed through as they are."""
    chat_template: str | None = None
    """Jinja text or the path of a file; None takes the one of the model's processor."""

    @field_validator("engine")
    @classmethod
    def _has_places(cls, engine: dict[str, Any]) -> dict[str, Any]:
        places = engine.get("max_num_seqs", 1)
        if type(places) is not int or places < 1:  # not isinstance: YAML's `true` is none
            raise ValueError(f"max_num_seqs: {places!r} is not a positive whole number")
        return engine


class ServerSpec(Frozen):
    """A vLLM OpenAI server that the run starts on loopback, and stops again."""

    model: Checkpoint
    revision: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    """vLLM server options by their names (`max_model_len: 4096` becomes `--max-model-len 4096`; true is a flag)."""
    startup_timeout: PositiveFloat = 900.0
    """Seconds until the server must be healthy."""


class ApiModel(Described):
    """A model behind an OpenAI-compatible `/chat/completions` endpoint."""

    backend: Literal["api"] = "api"
    model: str
    """The model id that the endpoint knows."""
    base_url: str = "https://api.openai.com/v1"
    """With or without the trailing `/chat/completions`; ignored where `server` is given."""
    api_key_env: str | None = "OPENAI_API_KEY"
    """Environment variable (or `.env` entry) that holds the key; None for an endpoint without one."""
    limits: Limits = Limits()
    timeout: PositiveFloat = 300.0
    """Seconds that one attempt may take."""
    attempts: PositiveInt = 6
    """Requests sent at most for one call."""
    outage_patience: NonNegativeFloat | None = 3600.0
    """Seconds of an outage, in which it is asked now and then, until the run stops, resumable; with a deadline it stops
    then instead. 0 sees no outage and lets calls fail one by one; null waits for ever."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the endpoint calls the output limit (OpenAI's reasoning models want the second)."""
    send_sampling: bool = True
    """False leaves temperature, top_p and seed out, for models that refuse them."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """More fields of the request; they shape the answer, so they are part of the model's identity."""
    server: ServerSpec | None = None
    """Start this model ourselves, and use it instead of `base_url`."""
    price: PriceSpec | None = None
    """Instead of what genai-prices lists for `base_url` and `model`; all zero for an endpoint of your own."""
    image_tokens: PositiveInt = 50_000
    """The most prompt tokens that one picture counts: what a cost cap sets aside for it until the reply says how many
    it were. The default is beyond what any large provider counts; a number nearer the truth lets more be under way."""
    identity: str | None = None
    """A name of your own for what answers, where the URL does not identify it (a server of yours that moves)."""

    @field_validator("base_url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        if "@" in urlsplit(url).netloc:
            raise PydanticCustomError("secret", "must not hold a user or password; use api_key_env")
        return url.rstrip("/").removesuffix("/chat/completions")

    @field_validator("extra_body")
    @classmethod
    def _is_extra(cls, body: dict[str, Any]) -> dict[str, Any]:
        for field in _OURS:
            if field in body:
                raise ValueError(f"must not hold {field!r}, which prism sets itself")
        return body


class ScriptedModel(Described):
    """Canned replies for trying a run out: no model, no network, no cost."""

    backend: Literal["scripted"] = "scripted"
    replies: tuple[str, ...] = ("A scripted description.",)
    """One is chosen by a hash of the call, so a rerun gives the same answers."""
    delay: Annotated[float, Field(ge=0)] = 0.0
    """Seconds that each call takes."""
    failure_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of calls that are rejected, chosen by a hash of the call."""
    concurrency: PositiveInt = 64


ModelSpec = Annotated[VllmModel | ApiModel | ScriptedModel, Field(discriminator="backend")]
_SPECS: TypeAdapter[dict[str, ModelSpec]] = TypeAdapter(dict[str, ModelSpec])


HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")


class Registry:
    """Model names and their specs; a later source overrides an earlier one name by name."""

    def __init__(self, models: Mapping[str, ModelSpec]) -> None:
        self._models = dict(models)

    def __iter__(self) -> Any:
        return iter(sorted(self._models.items()))

    def __contains__(self, name: object) -> bool:
        return name in self._models

    def find(self, name: str) -> ModelSpec:
        """Return the spec of a registered name, of a local checkpoint's folder, or of a hub id such as `org/name`.

        Raises:
            ConfigError: neither; the message names the nearest registered names.
        """
        if name in self._models:
            return self._models[name]
        if (Path(name).expanduser() / "config.json").is_file():
            return VllmModel(model=name)
        if HUB_ID.fullmatch(name) and not Path(name).exists():
            return VllmModel(model=name)
        raise ConfigError(
            f"unknown model {name!r}{nearest(name, self._models)}; `prism models` lists the known ones; add your own "
            "under `models:` in the run file, or give the folder of a local checkpoint or a hub id (org/name)."
        )

    def merged(self, models: Mapping[str, ModelSpec]) -> Registry:
        """Return this registry with more models, which win over those of the same name."""
        return Registry({**self._models, **models})


def parse_models(data: object, where: str) -> dict[str, ModelSpec]:
    """Check a `models:` mapping.

    Raises:
        ConfigError: all mistakes at once.
    """
    return validated(_SPECS, data, where)


def load_registry(paths: Sequence[Path] = ()) -> Registry:
    """Read the models that ship with prism, then those of more YAML files (`models:` at the top level).

    Raises:
        ConfigError: a file cannot be read or has mistakes.
    """
    registry = Registry({})
    for path in (shipped_models(), *paths):
        data = read_yaml(path)
        unknown = sorted(set(data) - {"models"})
        if unknown:
            raise ConfigError(f"{path}: unknown key {unknown[0]!r}; a model registry has only `models:`")
        registry = registry.merged(parse_models(data.get("models") or {}, f"{path}: models"))
    return registry


def shipped_models() -> Path:
    """Return the registry file that ships: beside this module when installed, `configs/` in a checkout."""
    installed = Path(__file__).with_name("models.yaml")
    return installed if installed.is_file() else Path(__file__).parents[2] / "configs" / "models.yaml"
