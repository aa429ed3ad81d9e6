"""The model registry: the model names that a run may use, with their specifications."""

from __future__ import annotations

import re
from abc import abstractmethod
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, NamedTuple, Protocol, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from prism_engine.config.bounds import MOST, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Price, Tokens
from prism_engine.config.endpoint_url import checked_base_url
from prism_engine.config.file_types import is_file
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
from prism_engine.errors import ConfigError
from prism_engine.records import PicturePolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


_RESERVED_FIELDS = (
    "model",
    "messages",
    "stream",
    "n",
    "max_tokens",
    "max_completion_tokens",
)  # request fields that prism sets


_EMBEDDED = "embedded:"
_NANO = Path(__file__).parents[1] / "nano"


def _resolve_embedded(model: str) -> str:
    """Replace `embedded:captioner` and `embedded:reasoner`, the models in the package, with their folders."""
    if not model.startswith(_EMBEDDED):
        return model
    folder = _NANO / model.removeprefix(_EMBEDDED)
    if not (folder / "config.json").is_file():
        known = ", ".join(sorted(f"{_EMBEDDED}{path.parent.name}" for path in _NANO.glob("*/config.json")))
        raise ValueError(f"{model!r} is not part of the package; known: {known}")
    return str(folder)


ImageFormat = Literal["png", "jpeg", "webp", "gif", "bmp", "tiff", "avif", "jpeg2000"]
ImageSide = Annotated[int, Field(ge=16, le=MOST)]
API_IMAGE_FORMATS: tuple[ImageFormat, ...] = ("png", "jpeg", "webp", "gif")
"""What most APIs accept."""
_PILLOW_NAMES = {"jpeg": ("JPEG", "MPO"), "bmp": ("BMP", "DIB")}  # where one name is not enough: phones write MPO


def pillow_formats(formats: Sequence[ImageFormat] = API_IMAGE_FORMATS) -> frozenset[str]:
    """Return Pillow's names of picture formats."""
    return frozenset(name for each in formats for name in _PILLOW_NAMES.get(each, (each.upper(),)))


Checkpoint = Annotated[str, AfterValidator(_resolve_embedded)]
"""A hub id (`org/name`), the path of a local checkpoint, or `embedded:NAME` for a model in the package."""


def secret_error(reason: str) -> PydanticCustomError:
    """Return an error that is reported without the value."""
    return PydanticCustomError("secret", "{reason}", {"reason": reason})


class Frozen(BaseModel):
    """Base class of everything read from user files: immutable; unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False, hide_input_in_errors=True
    )


class Limits(Frozen):
    """Rate limits of an API, which prism never exceeds; None means no limit."""

    requests_per_minute: PositiveInt | None = None
    """Maximum requests in any minute; None means no limit."""
    tokens_per_minute: PositiveInt | None = None
    """Maximum prompt plus completion tokens in any minute; None means no limit."""
    input_tokens_per_minute: PositiveInt | None = None
    """Maximum prompt tokens in any minute, for APIs that count them separately; None means no limit."""
    output_tokens_per_minute: PositiveInt | None = None
    """Maximum completion tokens in any minute, for APIs that count them separately; None means no limit."""
    concurrency: PositiveInt = 64
    """Maximum concurrent requests. A run starts with fewer, and backs off when the API rejects requests."""


UNKNOWN_IMAGE_TOKENS = 50_000
"""Assumed prompt tokens per picture of an API that does not state them: more than any large provider counts."""


class PriceSpec(Frozen):
    """A model's price in US dollars per million tokens, as listed by providers.

    Example: `{input: 0.15, cached_input: 0.075, output: 0.60}`.
    """

    input: Price
    """US dollars per million prompt tokens."""
    cached_input: Price | None = None
    """US dollars per million prompt tokens served from the provider's cache; None means the same as `input`."""
    output: Price
    """US dollars per million completion tokens, including reasoning tokens."""
    request: Price = Decimal(0)
    """US dollars per request, in addition to its tokens."""


class ModelInfo(Frozen):
    """Facts about a model, for comparisons (`prism board`); they do not affect answers.

    Example: `{parameters: 7B, licence: Apache-2.0, type: open}`.
    """

    parameters: Annotated[str, Field(pattern=r"^\d+(\.\d+)?[MBT]$")] | None = None
    """Number of parameters with a unit (M, B or T), such as `7B` or `256M`."""
    licence: str | None = None
    """The licence of the weights, such as `Apache-2.0`."""
    type: Literal["open", "proprietary", "api"] | None = None
    """`open` (open weights), `proprietary` (unpublished weights), or `api` (only available through an API)."""


class ModelListing(NamedTuple):
    """An entry's columns in `prism models`."""

    backend: str
    model: str = ""
    endpoint: str = ""


class ModelEntry(Frozen):
    """Base class of registry entries. Each entry states the facts about its backend that the other modules need.

    How to identify and build the model is in `prism_engine.backends.factory`.
    """

    about: ModelInfo | None = None
    """Facts for comparing models; they do not affect answers."""

    @model_validator(mode="after")
    def _check_secrets(self) -> Self:
        """Results and the cache record entries, so none may contain a secret."""
        given = self.model_dump(exclude={"headers", "base_url", "api_key_env"}, exclude_unset=True, warnings=False)
        if (path := secret_path(given)) is not None:
            raise secret_error(
                f"{path} holds a key: put it into an environment variable or .env, and the variable's name into "
                '`api_key_env` or a header (`headers: {NAME: "${VARIABLE}"}`)'
            )
        return self

    @property
    @abstractmethod
    def runs_locally(self) -> bool:
        """Whether it takes this machine's GPU, as an engine in this process or a server of this run.

        Perceivers that do take turns.
        """

    @property
    @abstractmethod
    def is_paid(self) -> bool:
        """Whether a provider may charge for its calls. If so, the entry has the fields of `PaidEntry`."""

    @property
    @abstractmethod
    def listing(self) -> ModelListing:
        """What `prism models` shows."""

    @property
    def rate_limits(self) -> Limits | None:
        """The entry's field `limits`, which a run may override; None if it has no such field."""
        return None

    @property
    def most_image_tokens(self) -> int:
        """Maximum prompt tokens per picture, for forecasts."""
        return 4096

    @property
    def pictures(self) -> PicturePolicy | None:
        """Which pictures the model gets as they are stored; None means all of them."""
        return None

    @property
    def thinking_beyond_limit(self) -> int:
        """Maximum tokens of thinking that may come on top of the output limit."""
        return 0

    def pinned_to(self, commit: str) -> Self:  # noqa: ARG002 - for entries that name a model on the hub
        """Return the entry with this hub commit as its revision."""
        return self

    def reasoning_with(self, effort: ReasoningEffort | None, budget: int | None) -> Self:  # noqa: ARG002
        """Return the entry with another reasoning effort and thinking budget, which replace both.

        Raises:
            ValueError: it has no such settings, or the endpoint does not take them so.
        """
        raise ValueError("it is not behind an API; use an entry with `backend: api` (and `server:` for a vLLM server)")

    def for_deadline(self) -> Self:
        """Return the entry for a run with a deadline, which is also the limit of waiting for an outage to end."""
        return self


class PaidEntry(Protocol):
    """What the budget needs from an entry whose calls a provider may charge for."""

    @property
    def model(self) -> str:
        """The model id at the endpoint."""

    @property
    def base_url(self) -> str:
        """The endpoint's address, by which its provider is known."""

    @property
    def extra_body(self) -> dict[str, Any]:
        """Additional request fields; a service tier among them changes the price."""

    @property
    def request_fields(self) -> dict[str, Any]:
        """All request fields that shape answers."""

    @property
    def price(self) -> PriceSpec | None:
        """The price; None uses the one that genai-prices lists."""

    @property
    def image_tokens(self) -> int:
        """Maximum prompt tokens per picture."""

    @property
    def thinking_beyond_limit(self) -> int:
        """Maximum tokens of thinking that may come on top of the output limit."""


class VllmModel(ModelEntry):
    """A checkpoint run by vLLM in this process."""

    backend: Literal["vllm"] = "vllm"
    """`vllm`: run the checkpoint in this process."""
    model: Checkpoint
    """A hub id (`org/name`), the path of a local checkpoint, or `embedded:NAME` for a model in the package."""
    revision: str | None = None
    """The branch, tag or commit on the hub; None uses the default branch."""
    engine: dict[str, Any] = Field(default_factory=dict)
    """vLLM engine options by their Python names (`{max_model_len: 4096, dtype: bfloat16}`), passed through
    unchanged."""
    chat_template: str | None = None
    """The chat template, as Jinja text or the path of a file; None uses that of the model's processor."""

    max_image_side: ImageSide | None = None
    """Maximum pixels of a picture's longer side; larger pictures are scaled down. None means no limit."""

    runs_locally: ClassVar[Literal[True]] = True
    is_paid: ClassVar[Literal[False]] = False

    @property
    def listing(self) -> ModelListing:  # noqa: D102 - see ModelEntry
        return ModelListing("vLLM in process", self.model)

    @property
    def pictures(self) -> PicturePolicy:  # noqa: D102
        return PicturePolicy(max_side=self.max_image_side)

    def pinned_to(self, commit: str) -> Self:  # noqa: D102
        return self.model_copy(update={"revision": commit})

    @field_validator("engine")
    @classmethod
    def _check_max_num_seqs(cls, engine: dict[str, Any]) -> dict[str, Any]:
        max_num_seqs = engine.get("max_num_seqs", 1)
        if type(max_num_seqs) is not int or max_num_seqs < 1:  # not isinstance, which would accept YAML's `true`
            raise ValueError(f"max_num_seqs: {max_num_seqs!r} is not a positive whole number")
        return engine


class ServerSpec(Frozen):
    """A vLLM OpenAI server that the run starts on the loopback interface and stops at the end."""

    model: Checkpoint
    """A hub id (`org/name`), the path of a local checkpoint, or `embedded:NAME` for a model in the package."""
    revision: str | None = None
    """The branch, tag or commit on the hub; None uses the default branch."""
    options: dict[str, Any] = Field(default_factory=dict)
    """vLLM server options by name: `max_model_len: 4096` becomes `--max-model-len 4096`; `true` makes a flag."""
    startup_timeout: PositiveFloat = 900.0
    """Seconds within which the server must become healthy."""


class ApiModel(ModelEntry):
    """A model behind an OpenAI-compatible `/chat/completions` endpoint."""

    backend: Literal["api"] = "api"
    """`api`: send requests to an endpoint."""
    model: str
    """The model id at the endpoint, such as `gpt-4o-mini-2024-07-18`."""
    base_url: str = "https://api.openai.com/v1"
    """The endpoint's address, with or without the trailing `/chat/completions`; ignored if `server` is given. A query
    (`?api-version=2024-10-21`) stays behind the path."""
    api_key_env: str | None = "OPENAI_API_KEY"
    """The environment variable (or `.env` entry) that contains the API key; null for an endpoint without a key."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Additional request headers, such as `{api-key: "${AZURE_OPENAI_API_KEY}", X-Title: my study}`. `${NAME}` is the
    value of an environment variable (or `.env` entry); secrets must be written so. A header with the key (`api-key`,
    `x-api-key`, `Authorization`) replaces the bearer token, unless `api_key_env` is given, too."""
    limits: Limits = Limits()
    """The API's rate limits and the maximum concurrency."""
    timeout: PositiveFloat = 300.0
    """Timeout of one attempt, in seconds."""
    attempts: PositiveInt = 6
    """Maximum requests per call: the first one and its retries."""
    outage_patience: NonNegativeFloat | None = 3600.0
    """Seconds to wait during an outage, with occasional probes, until the run stops, resumable; if the run has a
    deadline, it waits until then instead. 0 disables outage detection, so calls fail one by one; null waits
    indefinitely."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The endpoint's name for the output limit; OpenAI's reasoning models need `max_completion_tokens`. If the endpoint
    refuses the one and not the other, the run switches by itself and records it in the manifest."""
    send_sampling: bool = True
    """Whether to send temperature, top_p and seed; set it to false for models that reject them."""
    reasoning_effort: ReasoningEffort | None = None
    """How much the model reasons before it answers: `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`, as
    far as the endpoint knows them; None leaves it to the endpoint. A run may override it."""
    thinking_budget: NonNegativeInt | None = None
    """Maximum tokens that the model thinks, where the endpoint has such a limit; 0 turns thinking off. A run may
    override it."""
    reasoning_style: ReasoningStyle = "openai"
    """The request fields in which the endpoint takes the two: `openai` (`reasoning_effort`), `openrouter`
    (`reasoning`), `anthropic` (`thinking`), `gemini`, `qwen` (`enable_thinking`), or `vllm` (the chat template's
    arguments)."""
    read_reasoning: bool = False
    """Whether a reply without text is read from its `reasoning_content`, where a server puts everything whose reasoning
    parser does not fit the model."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Additional request fields, such as `{reasoning_effort: low}`. They shape the answer and are part of the model's
    identity."""
    server: ServerSpec | None = None
    """Start this vLLM server for the run, and use it instead of `base_url`."""
    price: PriceSpec | None = None
    """The price; None uses the one that genai-prices lists for `base_url` and `model`. Use all zeros for your own
    endpoint."""
    image_tokens: Tokens = UNKNOWN_IMAGE_TOKENS
    """Maximum prompt tokens per picture: what the cost cap reserves until the reply reports the actual count. The
    default exceeds what any large provider counts; a closer number allows more concurrent requests under a cap."""
    image_formats: tuple[ImageFormat, ...] = API_IMAGE_FORMATS
    """Picture formats that the endpoint accepts. Pictures in any other format that prism reads (BMP, TIFF, AVIF,
    JPEG 2000, ...) are sent as PNG, or as JPEG if PNG is not accepted. A server that prism starts gets all formats."""
    max_image_side: ImageSide | None = None
    """Maximum pixels of a picture's longer side; larger pictures are scaled down. None means no limit."""
    max_image_bytes: Annotated[int, Field(ge=1024, le=MOST)] | None = None
    """Maximum bytes of a picture as sent, in base64 (a third more than its file); larger ones are sent as JPEG at a
    lower quality and, if that is not enough, scaled down. None means no limit. Anthropic's limit is 5242880."""
    identity: str | None = None
    """Your own name for the answering model, if its URL does not identify it (a server that moves); None uses the
    URL."""

    @property
    def runs_locally(self) -> bool:  # noqa: D102 - see ModelEntry
        return self.server is not None

    @property
    def is_paid(self) -> bool:  # noqa: D102
        return self.server is None

    @property
    def listing(self) -> ModelListing:  # noqa: D102
        if self.server is not None:
            return ModelListing("local vLLM server", self.server.model)
        return ModelListing("API", self.model, f"{self.base_url} ({self.key_variable or 'no key'})")

    @property
    def key_variable(self) -> str | None:
        """The environment variable that holds the key, sent as bearer token or in a header; None for no key."""
        return self.api_key_env or next((name for value in self.headers.values() for name in variables_of(value)), None)

    @property
    def rate_limits(self) -> Limits:  # noqa: D102
        return self.limits

    @property
    def pictures(self) -> PicturePolicy:  # noqa: D102
        formats = None if self.server is not None else pillow_formats(self.image_formats)
        return PicturePolicy(formats, self.max_image_side, self.max_image_bytes)

    @property
    def most_image_tokens(self) -> int:  # noqa: D102
        return self.image_tokens

    def pinned_to(self, commit: str) -> Self:  # noqa: D102
        if self.server is None:
            return self
        return self.model_copy(update={"server": self.server.model_copy(update={"revision": commit})})

    def for_deadline(self) -> Self:  # noqa: D102
        return self.model_copy(update={"outage_patience": None})

    @property
    def request_fields(self) -> dict[str, Any]:
        """The request fields that shape answers: `extra_body`, and those of the reasoning effort or budget."""
        fields = reasoning_fields(self.reasoning_style, self.reasoning_effort, self.thinking_budget)
        return merged_fields(self.extra_body, fields)

    @property
    def thinking_beyond_limit(self) -> int:  # noqa: D102
        return unlimited_thinking(self.reasoning_style, self.thinking_budget)

    def reasoning_with(self, effort: ReasoningEffort | None, budget: int | None) -> Self:  # noqa: D102
        return self.model_validate({**dict(self), "reasoning_effort": effort, "thinking_budget": budget})

    @model_validator(mode="before")
    @classmethod
    def _default_key(cls, fields: Any) -> Any:
        """Send no bearer token if a header carries the key."""
        headers = fields.get("headers") if isinstance(fields, dict) else None
        if isinstance(headers, dict) and "api_key_env" not in fields and carry_key({str(name): "" for name in headers}):
            return {**fields, "api_key_env": None}
        return fields

    @model_validator(mode="after")
    def _check_reasoning(self) -> Self:
        try:
            _ = self.request_fields
        except ValueError as error:  # pydantic would repeat the entry
            raise secret_error(str(error)) from None
        return self

    @field_validator("api_key_env")
    @classmethod
    def _check_api_key_env(cls, name: str | None) -> str | None:
        if name is not None and not is_variable(name):
            raise secret_error(
                "names the environment variable that holds the key (such as OPENAI_API_KEY); it is not the key itself"
            )
        return name

    @field_validator("headers", mode="before")
    @classmethod
    def _read_headers(cls, headers: Any) -> Any:
        if not isinstance(headers, dict) or not all(isinstance(name, str) for name in headers):
            raise secret_error("must be `NAME: VALUE` pairs")
        read = {name: _header_text(value) for name, value in headers.items()}
        try:
            check_headers({name: value or "" for name, value in read.items()})
        except ValueError as error:
            raise secret_error(str(error)) from None
        if unread := [name for name, value in read.items() if not value]:
            raise secret_error(f"the value of {unread[0]} must be text: put it in quotes")
        return read

    @field_validator("base_url", mode="before")
    @classmethod
    def _check_base_url(cls, url: Any) -> str:
        try:
            return checked_base_url(str(url))
        except ValueError as error:
            raise secret_error(str(error)) from None

    @field_validator("image_formats")
    @classmethod
    def _check_image_formats(cls, formats: tuple[ImageFormat, ...]) -> tuple[ImageFormat, ...]:
        if not {"png", "jpeg"} & set(formats):
            raise ValueError("must contain png or jpeg, to one of which other formats are converted")
        return formats

    @field_validator("extra_body")
    @classmethod
    def _check_extra_body(cls, body: dict[str, Any]) -> dict[str, Any]:
        for field in _RESERVED_FIELDS:
            if field in body:
                raise ValueError(f"must not contain {field!r}, which prism sets itself")
        return body


def _header_text(value: Any) -> str | None:
    """Return a header's value; YAML reads 2023-06-01 as a date, and 10 as a number."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


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
