"""The load of a backend, for displays and the manifest: what its next call waits for, and the usage of its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class WaitReason(StrEnum):
    """What keeps a call from being sent."""

    CONCURRENCY = "concurrency"
    """The maximum number of requests is in flight."""
    REQUESTS = "requests_per_minute"
    TOKENS = "tokens_per_minute"
    PAUSE = "asked_to_wait"
    """The server asked to wait (`Retry-After`)."""
    OUTAGE = "outage"
    """The endpoint returns only errors; it is probed until it responds."""
    BUDGET = "budget"
    """The rest of the cost cap is reserved for calls in flight."""
    HELD = "paused"
    """The user paused the run (`prism ctl RUN pause`)."""


class Wait(NamedTuple):
    """Why the next request cannot be sent now, and for how long."""

    reason: WaitReason
    seconds: float | None
    """None: until a request in flight ends."""


class LimitUsage(NamedTuple):
    """The usage of one limit."""

    used: float
    limit: float


@dataclass(frozen=True, slots=True)
class Load:
    """A snapshot of how busy a backend is."""

    waiting_for: WaitReason | None = None
    """What the next call waits for; None if none is waiting, or only for the model itself."""
    limits: Mapping[str, LimitUsage] = field(default_factory=dict)
    """Keyed by the limits' names in the registry (`concurrency`, `requests_per_minute`, ...)."""
    learned: Mapping[str, str] = field(default_factory=dict)
    """Settings of the registry entry that the backend changed by itself, because the endpoint asked for it."""
    starting: bool = False
    """Whether the model is being started: calls wait, and none can be answered yet."""
    note: str = ""
    """What the reason alone does not say: how much a call needs, and how to need less."""
