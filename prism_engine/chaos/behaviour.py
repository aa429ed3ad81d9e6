"""What the chaos server can be told to do, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web


class Fault(StrEnum):
    """What a request may meet instead of an answer."""

    SERVER_ERROR = "500"
    BAD_REQUEST = "400"
    RATE_LIMIT = "429"
    RESET = "reset"
    """The connection is reset."""
    HANG = "hang"
    """No answer until the client gives up."""
    TORN = "torn"
    """Half of the JSON, as a complete HTTP answer."""
    EMPTY = "empty"
    """A completion without text."""
    FILTERED = "filtered"
    """A completion that the content filter stopped."""
    CUT = "cut"
    """A whole completion that claims to be cut at the limit."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the server behaves. Times in seconds."""

    latency: float = 0.0
    """Time between receiving a request and answering it."""
    key: str | None = None
    """The API key that requests must bring; None takes any, or none."""
    rate_limit: int | None = None
    """Requests accepted in any `rate_window`; the others get 429."""
    rate_window: float = 60.0
    retry_after: str | None = None
    """`Retry-After` header of a 429, as it is; None sends none."""
    faults: tuple[Fault | None, ...] = ()
    """What happens to the first, second, ... accepted request; None and beyond the end: an answer."""
    repeat: bool = False
    """Begin `faults` again at its end."""
    reply: Callable[[dict[str, Any]], str | web.Response] | None = None
    """From the request's JSON to the text, or to a whole answer; None names an option, by a hash of the messages."""


@dataclass(slots=True)
class Stats:
    """What the server has seen; as JSON under `/stats`."""

    received: int = 0
    """Requests whose whole body arrived."""
    completed: int = 0
    """Completions sent to their last byte."""
    in_flight: int = 0
    most_in_flight: int = 0
    unauthorized: int = 0
    rate_limited: int = 0
    faults: int = 0
    tokens: int = 0
    """Prompt and completion tokens of the completions sent."""
    hits: dict[str, int] = field(default_factory=dict)
    """Completions sent per request: SHA-256 of its body -> count; more than 1 means paid twice."""
