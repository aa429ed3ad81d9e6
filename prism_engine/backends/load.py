"""What a backend's next call waits for, and how much of each of its limits is in use: for displays and the manifest."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class WaitReason(StrEnum):
    """What keeps a call from being sent."""

    CONCURRENCY = "concurrency"
    """As many are on the wire as may be."""
    REQUESTS = "requests_per_minute"
    TOKENS = "tokens_per_minute"
    PAUSE = "asked_to_wait"
    """The server named a time (`Retry-After`)."""
    OUTAGE = "outage"
    """The endpoint answers nothing but errors, and is asked now and then."""
    BUDGET = "budget"
    """What is left of the cap is set aside for calls that are under way."""


class Wait(NamedTuple):
    """A guard that lets nothing pass now."""

    guard: WaitReason
    seconds: float | None
    """For how long; None until something on the wire changes."""


class LimitUsage(NamedTuple):
    """How much of a limit is in use."""

    used: float
    limit: float


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a backend is, at one moment."""

    waiting_for: WaitReason | None = None
    """What holds the next call back; None where none waits, or the model itself is all there is to wait for."""
    limits: Mapping[str, LimitUsage] = field(default_factory=dict)
    """By the limits' names in the registry (`concurrency`, `requests_per_minute`, ...)."""
