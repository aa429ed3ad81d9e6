"""A provider's rate limits: quotas per minute, their changes over time, and the headers that report them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from prism_engine.chaos.bucket import SECOND, Bucket

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class LimitChange:
    """Multiplies all limits by `factor`, once: some seconds after the first request, or after some requests."""

    factor: float = 0.5
    after_seconds: float | None = None
    after_requests: int | None = None
    """Requests with a valid key, including refused ones; the next request gets the new limits."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Token buckets for requests and tokens; None means no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    """A request takes its prompt tokens and its output limit together, before it is answered."""
    burst: float = 60.0
    """Size of a bucket in seconds of refill. 60 allows a minute's worth at once, 1 hardly more than an even rate."""
    count: Literal["reserved", "used"] = "reserved"
    """`reserved`: what a request took is spent, as with OpenAI. `used`: what its completion did not use is put back."""
    count_refused: bool = False
    """Whether a refused request counts against the request limit, so that hammering never succeeds."""
    changes: tuple[LimitChange, ...] = ()


class Refusal(NamedTuple):
    """Why a request exceeds a limit."""

    kind: Literal["requests", "tokens"]
    limit: int
    """Per minute."""
    asked: int
    wait: float | None
    """Seconds after which it would be admitted; None if it is too large ever to be."""

    def __str__(self) -> str:
        if self.wait is None:
            return f"Request too large: {self.asked:,} {self.kind} asked for, the limit is {self.limit:,} per minute"
        return f"Rate limit reached: {self.limit:,} {self.kind} per minute; try again in {duration(self.wait)}"


class Quota:
    """Admits requests within limits.

    Args:
        clock: monotonic, in seconds.
    """

    def __init__(self, limits: RateLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        burst = round(limits.burst * SECOND)
        rates: tuple[tuple[Literal["requests", "tokens"], int | None], ...] = (
            ("requests", limits.requests_per_minute),
            ("tokens", limits.tokens_per_minute),
        )
        self._buckets = {kind: Bucket(rate, burst) for kind, rate in rates if rate is not None}
        self._pending = sorted(limits.changes, key=lambda change: change.after_seconds or 0.0)
        self._began: int | None = None
        self._received = 0

    def admit(self, tokens: int) -> Refusal | None:
        """Take one request and `tokens`. If either is not available, take nothing and return the refusal."""
        now = self._now()
        self._received += 1
        asked = {"requests": 1, "tokens": tokens}
        refusals = [
            Refusal(kind, bucket.per_minute, asked[kind], None if wait is None else wait / SECOND)
            for kind, bucket in self._buckets.items()
            if (wait := bucket.wait(now, asked[kind])) != 0
        ]
        if not refusals:
            for kind, bucket in self._buckets.items():
                bucket.take(asked[kind])
            return None
        if self._limits.count_refused and "requests" in self._buckets:
            self._buckets["requests"].take(1)
        return max(refusals, key=lambda refusal: float("inf") if refusal.wait is None else refusal.wait)

    def settle(self, reserved: int, used: int) -> None:
        """Put back what a completion did not use, if actual usage counts."""
        if self._limits.count == "used" and "tokens" in self._buckets:
            self._now()
            self._buckets["tokens"].put_back(max(reserved - used, 0))

    def headers(self) -> dict[str, str]:
        """Return OpenAI's `x-ratelimit-*` headers for the configured limits."""
        now = self._now()
        headers = {}
        for kind, bucket in self._buckets.items():
            headers[f"x-ratelimit-limit-{kind}"] = str(bucket.per_minute)
            headers[f"x-ratelimit-remaining-{kind}"] = str(bucket.remaining(now))
            headers[f"x-ratelimit-reset-{kind}"] = duration(bucket.full_in(now) / SECOND)
        return headers

    def _now(self) -> int:
        """Return the current time, after applying all changes due by then."""
        now = round(self._clock() * SECOND)
        if self._began is None:
            self._began = now
        for change in tuple(self._pending):
            at = now if change.after_seconds is None else self._began + round(change.after_seconds * SECOND)
            enough = change.after_requests is None or self._received >= change.after_requests
            if enough and at <= now:
                self._pending.remove(change)
                for bucket in self._buckets.values():
                    bucket.change(at, max(int(bucket.per_minute * change.factor), 1))
        return now


def duration(seconds: float) -> str:
    """Return a duration in OpenAI's format: `120ms`, `8.64s`, `6m0s`, `1h0m0s`; rounded up to milliseconds."""
    whole, rest = divmod(-(-round(seconds * SECOND) // 10**6), 1000)
    if not whole:
        return f"{rest}ms"
    minutes, whole = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{whole}.{rest:03}".rstrip("0").rstrip(".") if rest else str(whole)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{text}s"
