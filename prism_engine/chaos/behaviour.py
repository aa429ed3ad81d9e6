"""What the chaos server can be told to do, and what it counts."""

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
    """What a request may meet instead of an answer."""

    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    OVERLOADED = "529"
    HTML = "html"
    """A 502 with a proxy's HTML page."""
    RATE_LIMIT = "429"
    """Although no limit is reached."""
    BAD_REQUEST = "400"
    """The prompt is said to be too long, so asking again does not help."""
    RESET = "reset"
    """The connection is reset when the completion is ready: billed."""
    HANG = "hang"
    """No answer until the client gives up: billed, since a provider computes on."""
    TORN = "torn"
    """Half of the JSON, as a complete HTTP answer: billed."""
    SLOW = "slow"
    """The whole answer, but its first byte comes `Behaviour.slow` seconds later."""
    EMPTY = "empty"
    """A completion without text."""
    FILTERED = "filtered"
    """A completion that the content filter stopped."""
    CUT = "cut"
    """A whole completion that claims to be cut at the limit."""
    USAGE_ZERO = "usage-zero"
    """An answer that says it used no tokens; this and the next three are billed by what was really used."""
    USAGE_MISSING = "usage-missing"
    USAGE_NEGATIVE = "usage-negative"
    USAGE_ABSURD = "usage-absurd"

    @property
    def computed(self) -> bool:
        """Whether the model answers, so that the completion is billed, whatever becomes of it."""
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
"""Faults that are answers: a client has no reason to ask again. All others pass or do no harm."""


class RetryAfter(StrEnum):
    """How a 429 names the time after which the request would pass."""

    NONE = "none"
    SECONDS = "seconds"
    """`Retry-After: 7`, rounded up."""
    DATE = "date"
    """`Retry-After: Thu, 01 Jan 2026 00:00:00 GMT`, rounded up."""
    MS = "ms"
    """`retry-after-ms: 6500`, and no other."""
    MIXED = "mixed"
    """One of the four after the other."""


@dataclass(frozen=True, slots=True)
class RandomFaults:
    """Faults that strike at random, but for the same seed always the same arrivals."""

    rate: float
    """Share of the accepted requests that meet one."""
    kinds: tuple[Fault, ...] = tuple(Fault)
    seed: int = 0

    def at(self, turn: int) -> Fault | None:
        """Return what the accepted request of this number (0-based) meets."""
        digest = hashlib.sha256(f"{self.seed}:{turn}".encode()).digest()
        if int.from_bytes(digest[:8]) >= self.rate * 2**64:
            return None
        return self.kinds[int.from_bytes(digest[8:16]) % len(self.kinds)]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the server behaves. Times in seconds."""

    latency: float = 0.0
    """Time between receiving a request and answering it."""
    slow: float = 10.0
    """What `Fault.SLOW` adds to it."""
    key: str | None = None
    """The API key that requests must bring; None takes any, or none."""
    revoke_after: int | None = None
    """Completion requests after which no key is good any more: 401 from then on."""
    limits: RateLimits = field(default_factory=RateLimits)
    """Token buckets, as providers have them."""
    rate_limit: int | None = None
    """Requests accepted in any `rate_window`, which is stricter than a bucket; the others get 429."""
    rate_window: float = 60.0
    retry_after: RetryAfter | str | None = None
    """How a 429 names its time; any other text is sent as `Retry-After` as it is; None sends none."""
    faults: tuple[Fault | None, ...] = ()
    """What happens to the first, second, ... accepted request; None and beyond the end: what `random` says."""
    repeat: bool = False
    """Begin `faults` again at its end."""
    random: RandomFaults | None = None
    full_length: bool = False
    """Every text has exactly as many tokens as the request's output limit allows: the dearest case."""
    prices: Prices = field(default_factory=Prices)
    reply: Callable[[dict[str, Any]], str | web.Response] | None = None
    """From the request's JSON to the text, or to a whole answer, which is not billed; None names an option, by a
    hash of the messages. A word is a token, and a text is cut at the request's output limit."""

    def fault_at(self, turn: int) -> Fault | None:
        """Return what the accepted request of this number (0-based) meets."""
        place = turn % len(self.faults) if self.faults and self.repeat else turn
        planned = self.faults[place] if place < len(self.faults) else None
        return planned if planned is not None or self.random is None else self.random.at(turn)


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
    abandoned: int = 0
    """Requests whose client went away before they were answered."""
    faults: int = 0
    by_fault: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    """Prompt and completion tokens of the completions sent."""
    hits: dict[str, int] = field(default_factory=dict)
    """Completions sent per request: SHA-256 of its body -> count; more than 1 means paid twice."""
