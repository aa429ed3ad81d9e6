"""Configuration and counters of the chaos server."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from prism_engine.chaos.bill import Prices
from prism_engine.chaos.rate_limits import RateLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web


class Fault(StrEnum):
    """A fault injected instead of a normal response."""

    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    OVERLOADED = "529"
    HTML = "html"
    """A 502 with a proxy's HTML page."""
    RATE_LIMIT = "429"
    """A 429 although no limit is reached."""
    BAD_REQUEST = "400"
    """Claims that the prompt is too long, so retrying does not help."""
    RESET = "reset"
    """The connection is reset when the completion is ready: billed."""
    HANG = "hang"
    """No response until the client gives up: billed, since a provider continues to compute."""
    TORN = "torn"
    """Half of the JSON, as a complete HTTP response: billed."""
    SLOW = "slow"
    """The whole response, but its first byte comes `Behaviour.slow` seconds later."""
    EMPTY = "empty"
    """A completion without text."""
    FILTERED = "filtered"
    """A completion that the content filter stopped."""
    CUT = "cut"
    """A complete completion that claims to be cut at the limit."""
    USAGE_ZERO = "usage-zero"
    """A response that reports zero tokens. This and the next three are billed by their actual usage."""
    USAGE_MISSING = "usage-missing"
    USAGE_NEGATIVE = "usage-negative"
    USAGE_ABSURD = "usage-absurd"

    @property
    def computed(self) -> bool:
        """Whether a completion is computed, and so billed, even if it is never delivered."""
        return self not in _NOT_COMPUTED


_NOT_COMPUTED = frozenset(
    {
        Fault.SERVER_ERROR,
        Fault.BAD_GATEWAY,
        Fault.UNAVAILABLE,
        Fault.OVERLOADED,
        Fault.HTML,
        Fault.RATE_LIMIT,
        Fault.BAD_REQUEST,
    }
)
LASTING = frozenset({Fault.BAD_REQUEST, Fault.EMPTY, Fault.FILTERED, Fault.CUT})
"""Faults that are final answers, which a client does not retry. All others are transient or harmless."""


class RetryAfter(StrEnum):
    """How a 429 names the time after which the request would be admitted."""

    NONE = "none"
    SECONDS = "seconds"
    """`Retry-After: 7`, rounded up."""
    DATE = "date"
    """`Retry-After: Thu, 01 Jan 2026 00:00:00 GMT`, rounded up."""
    MS = "ms"
    """`retry-after-ms: 6500`, and no other."""
    MIXED = "mixed"
    """The four others in turn."""


@dataclass(frozen=True, slots=True)
class RandomFaults:
    """Random faults; the same seed always hits the same requests, by their order of arrival."""

    rate: float
    """Share of the accepted requests that get a fault."""
    kinds: tuple[Fault, ...] = tuple(Fault)
    seed: int = 0

    def at(self, number: int) -> Fault | None:
        """Return the fault of the accepted request with this 0-based number, or None."""
        digest = hashlib.sha256(f"{self.seed}:{number}".encode()).digest()
        if int.from_bytes(digest[:8]) >= self.rate * 2**64:
            return None
        return self.kinds[int.from_bytes(digest[8:16]) % len(self.kinds)]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The behaviour of the server. Times in seconds."""

    latency: float = 0.0
    """Time between receiving a request and answering it."""
    slow: float = 10.0
    """Additional time of `Fault.SLOW`."""
    key: str | None = None
    """The API key that requests must have; None accepts any key, or none."""
    revoke_after: int | None = None
    """Number of completion requests after which every key is rejected with 401."""
    limits: RateLimits = field(default_factory=RateLimits)
    """Token buckets, like a provider's."""
    rate_limit: int | None = None
    """Requests accepted in any `rate_window`; stricter than a token bucket. The others get 429."""
    rate_window: float = 60.0
    retry_after: RetryAfter | str | None = None
    """How a 429 names its time; any other text is sent as `Retry-After` unchanged; None sends no header."""
    faults: tuple[Fault | None, ...] = ()
    """The faults of the first, second, ... accepted request; for None and beyond the end, `random` decides."""
    repeat: bool = False
    """Repeat `faults` from the start after its end."""
    random: RandomFaults | None = None
    full_length: bool = False
    """Every text has exactly as many tokens as the request's output limit allows: the most expensive case."""
    hidden_reasoning: float = 0.0
    """Reasoning tokens of each reply as a multiple of the request's output limit, which does not bound them. They are
    reported and billed as completion tokens."""
    prices: Prices = field(default_factory=Prices)
    reply: Callable[[dict[str, Any]], str | web.Response] | None = None
    """Maps the request's JSON to the text, or to a whole response, which is not billed; None names an option, chosen by
    a hash of the messages. A word is a token, and a text is cut at the request's output limit."""

    def fault_at(self, number: int) -> Fault | None:
        """Return the fault of the accepted request with this 0-based number, or None."""
        index = number % len(self.faults) if self.faults and self.repeat else number
        planned = self.faults[index] if index < len(self.faults) else None
        return planned if planned is not None or self.random is None else self.random.at(number)


@dataclass(slots=True)
class Stats:
    """Counters of the server; as JSON under `/stats`."""

    received: int = 0
    """Requests whose whole body arrived."""
    completed: int = 0
    """Completions sent to their last byte."""
    in_flight: int = 0
    most_in_flight: int = 0
    unauthorized: int = 0
    rate_limited: int = 0
    abandoned: int = 0
    """Requests whose client disconnected before they were answered."""
    faults: int = 0
    by_fault: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    """Prompt and completion tokens of the completions sent."""
    hits: dict[str, int] = field(default_factory=dict)
    """Completions sent per request: SHA-256 of its body -> count; more than 1 means paid twice."""
