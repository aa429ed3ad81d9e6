"""What every entry of the model registry has, and what other modules may ask of it."""

from __future__ import annotations

import json
from abc import abstractmethod
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Protocol, Self

from pydantic import Field, model_validator

from prism_engine.config.bounds import PositiveInt, Price  # noqa: TC001 - pydantic reads annotations
from prism_engine.config.frozen import Frozen, secret_error
from prism_engine.config.pasted_keys import secret_path
from prism_engine.config.text_encoding import is_text

if TYPE_CHECKING:
    from prism_engine.config.reasoning_effort import ReasoningEffort
    from prism_engine.records import PicturePolicy


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

    @model_validator(mode="after")
    def _check_text(self) -> Self:
        """Keys and results are written as UTF-8, which has no surrogates."""
        for name, value in self.model_dump(exclude_unset=True, warnings=False).items():
            if not is_text(json.dumps(value, ensure_ascii=False, default=str)):
                raise ValueError(f"{name} contains a surrogate, which is half a character")
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
