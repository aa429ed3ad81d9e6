"""What a provider allows per minute, how that changes, and what its headers say about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from prism_engine.chaos.bucket import SECOND, Bucket

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class LimitChange:
    """All limits times `factor`, once: so many seconds after the first request, or after so many requests."""

    factor: float = 0.5
    after_seconds: float | None = None
    after_requests: int | None = None
    """Requests with a good key, refused ones included; the next one meets the new limits."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Token buckets for requests and tokens; None limits nothing."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    """A request takes its prompt and its output limit together, before it is answered."""
    burst: float = 60.0
    """Seconds of inflow that a bucket holds. 60: a minute's worth at once; 1: hardly more than an even flow."""
    count: Literal["reserved", "used"] = "reserved"
    """`reserved`: what a request took is gone, as with OpenAI. `used`: what its completion left is given back."""
    count_refused: bool = False
    """A request that is refused for a limit takes a request all the same, so hammering keeps the door shut."""
    changes: tuple[LimitChange, ...] = ()


class Refusal(NamedTuple):
    """Why a request is over a limit."""

    kind: Literal["requests", "tokens"]
    limit: int
    """Per minute."""
    asked: int
    wait: float | None
    """Seconds after which it would pass; None: it is too large ever to pass."""

    def __str__(self) -> str:
        if self.wait is None:
            return f"Request too large: {self.asked:,} {self.kind} asked for, the limit is {self.limit:,} per minute"
        return f"Rate limit reached: {self.limit:,} {self.kind} per minute; try again in {duration(self.wait)}"


class Quota:
    """Admits requests within limits.

    Args:
        clock: seconds that only go up.
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
        self._seen = 0

    def admit(self, tokens: int) -> Refusal | None:
        """Take one request and so many tokens; where one of them is not there, take nothing and say so."""
        now = self._now()
        self._seen += 1
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
        """Give back what a completion did not use, where actual use is what counts."""
        if self._limits.count == "used" and "tokens" in self._buckets:
            self._now()
            self._buckets["tokens"].give(max(reserved - used, 0))

    def headers(self) -> dict[str, str]:
        """Return OpenAI's `x-ratelimit-*` headers for the limits that there are."""
        now = self._now()
        found = {}
        for kind, bucket in self._buckets.items():
            found[f"x-ratelimit-limit-{kind}"] = str(bucket.per_minute)
            found[f"x-ratelimit-remaining-{kind}"] = str(bucket.remaining(now))
            found[f"x-ratelimit-reset-{kind}"] = duration(bucket.full_in(now) / SECOND)
        return found

    def _now(self) -> int:
        """Return the time, after all changes that are due by then."""
        now = round(self._clock() * SECOND)
        if self._began is None:
            self._began = now
        for change in tuple(self._pending):
            at = now if change.after_seconds is None else self._began + round(change.after_seconds * SECOND)
            enough = change.after_requests is None or self._seen >= change.after_requests
            if enough and at <= now:
                self._pending.remove(change)
                for bucket in self._buckets.values():
                    bucket.change(at, max(int(bucket.per_minute * change.factor), 1))
        return now


def duration(seconds: float) -> str:
    """Return a time as OpenAI writes it: `120ms`, `8.64s`, `6m0s`, `1h0m0s`; rounded up to milliseconds."""
    whole, rest = divmod(-(-round(seconds * SECOND) // 10**6), 1000)
    if not whole:
        return f"{rest}ms"
    minutes, whole = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{whole}.{rest:03}".rstrip("0").rstrip(".") if rest else str(whole)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{text}s"
