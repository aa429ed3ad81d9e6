"""What a server's headers say about its rate limits, in any of the usual dialects; nothing in them can do harm."""

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
_NAMES = (
    re.compile(rf"(?:x-)?ratelimit-{_FACT}(?:-{_COUNTED})?{_SPAN}"),  # OpenAI and most others; drafts of the IETF
    re.compile(rf"anthropic-ratelimit-{_COUNTED}-{_FACT}{_SPAN}"),
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """One limit as the server sees it."""

    counted: str
    """`requests`, `tokens`, `input-tokens` or `output-tokens`."""
    span: str
    """`minute`, `day`, ... where the header's name says so; else empty."""
    limit: float | None
    remaining: float
    reset: float | None
    """Seconds until all of it is there again."""
    flows: bool = False
    """Whether this dialect means an allowance that comes back evenly; others mostly start anew at the reset."""


def read_allowances(headers: Mapping[str, str], now: float) -> list[Allowance]:
    """Return the limits of which the headers say what remains; whatever cannot be read is left out.

    Args:
        headers: names in any case.
        now: seconds since 1970, for servers that name a point in time.
    """
    found: dict[tuple[str, str], dict[str, float]] = {}
    flowing = set()
    for name, text in headers.items():
        meaning = _meaning(name)
        if meaning is None:
            continue
        fact, key = meaning
        value = read_reset(text, now) if fact == "reset" else read_number(text)
        if value is not None:
            found.setdefault(key, {})[fact] = value
            if fact == "reset" and (read_duration(text.strip()) or name.lower().startswith("anthropic")):
                flowing.add(key)
    return [
        Allowance(*key, facts.get("limit"), facts["remaining"], facts.get("reset"), key in flowing)
        for key, facts in found.items()
        if "remaining" in facts
    ]


@lru_cache(maxsize=256)  # every answer has the same names
def _meaning(name: str) -> tuple[str, tuple[str, str]] | None:
    """Return what a header states (limit, remaining, reset), and of which limit: what it counts, and over what span."""
    match = next((match for names in _NAMES if (match := names.fullmatch(name.lower()))), None)
    return match and (match["fact"], (match["counted"] or "requests", match["span"] or ""))
