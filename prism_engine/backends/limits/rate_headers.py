"""Parser for rate-limit headers in the common dialects; malformed or hostile values are ignored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from prism_engine.http import read_duration, read_number, read_reset

if TYPE_CHECKING:
    from collections.abc import Mapping

_COUNTED = r"(?P<counted>requests|tokens|input-tokens|output-tokens)"
_FACT = r"(?P<fact>limit|remaining|reset)"
_SPAN = r"(?:-(?P<span>second|minute|hour|day|month))?"
_HEADER_NAMES = (
    re.compile(rf"(?:x-)?ratelimit-{_FACT}(?:-{_COUNTED})?{_SPAN}"),  # OpenAI and most others; drafts of the IETF
    re.compile(rf"anthropic-ratelimit-{_COUNTED}-{_FACT}{_SPAN}"),
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """The state of one rate limit, as reported by the server's headers."""

    quantity: str
    """`requests`, `tokens`, `input-tokens` or `output-tokens`."""
    span: str
    """`minute`, `day`, ... if the header's name states it, else empty."""
    limit: float | None
    remaining: float
    reset: float | None
    """Seconds until the full limit is available again."""
    continuous: bool = False
    """Whether this dialect implies continuous refill (a token bucket). Other dialects mostly use fixed windows."""


def read_allowances(headers: Mapping[str, str], now: float) -> list[Allowance]:
    """Return every limit whose remaining amount the headers report; skip values that cannot be parsed.

    Args:
        headers: names in upper or lower case.
        now: seconds since 1970, for servers that report a point in time.
    """
    facts_by_limit: dict[tuple[str, str], dict[str, float]] = {}
    continuous = set()
    for name, text in headers.items():
        parsed = _parse_name(name)
        if parsed is None:
            continue
        fact, key = parsed
        value = read_reset(text, now) if fact == "reset" else read_number(text)
        if value is not None:
            facts_by_limit.setdefault(key, {})[fact] = value
            if fact == "reset" and key not in continuous and _refills(name, text):
                continuous.add(key)
    return [
        Allowance(*key, facts.get("limit"), facts["remaining"], facts.get("reset"), key in continuous)
        for key, facts in facts_by_limit.items()
        if "remaining" in facts
    ]


def _refills(name: str, text: str) -> bool:
    """Whether a reset is stated in a dialect of token buckets."""
    return name.lower().startswith("anthropic") or bool(read_duration(text.strip()))


@lru_cache(maxsize=256)  # every response has the same header names
def _parse_name(name: str) -> tuple[str, tuple[str, str]] | None:
    """Return the fact that a header states (limit, remaining, reset) and its limit as (quantity, span)."""
    match = next((match for names in _HEADER_NAMES if (match := names.fullmatch(name.lower()))), None)
    return match and (match["fact"], (match["counted"] or "requests", match["span"] or ""))
