"""The registry entry of a model behind an API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from prism_engine.config.bounds import MOST, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Tokens
from prism_engine.config.checkpoint_entry import ServerSpec  # noqa: TC001 - pydantic reads annotations
from prism_engine.config.endpoint_url import checked_base_url
from prism_engine.config.frozen import secret_error
from prism_engine.config.image_formats import API_IMAGE_FORMATS, ImageFormat, ImageSide, pillow_formats
from prism_engine.config.model_entry import Limits, ModelEntry, ModelListing, PriceSpec
from prism_engine.config.pasted_keys import is_variable
from prism_engine.config.reasoning_effort import (
    ReasoningEffort,
    ReasoningStyle,
    merged_fields,
    reasoning_fields,
    unlimited_thinking,
)
from prism_engine.config.request_headers import carry_key, check_headers, variables_of
from prism_engine.records import PicturePolicy

_RESERVED_FIELDS = (
    "model",
    "messages",
    "stream",
    "n",
    "max_tokens",
    "max_completion_tokens",
)  # request fields that prism sets
UNKNOWN_IMAGE_TOKENS = 50_000
"""Assumed prompt tokens per picture of an API that does not state them: more than any large provider counts."""


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
