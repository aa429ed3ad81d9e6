"""What a server's headers say about its rate limits, in any of the usual dialects; nothing in them can do harm."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_COUNTED = r"(?P<counted>requests|tokens|input-tokens|output-tokens)"
_FACT = r"(?P<fact>limit|remaining|reset)"
_SPAN = r"(?:-(?P<span>second|minute|hour|day|month))?"
_NAMES = (
    re.compile(rf"(?:x-)?ratelimit-{_FACT}(?:-{_COUNTED})?{_SPAN}"),  # OpenAI and most others; drafts of the IETF
    re.compile(rf"anthropic-ratelimit-{_COUNTED}-{_FACT}{_SPAN}"),
)
_DURATION = re.compile(
    r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?"
)
_UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?")
_EPOCH = 1e9
"""A reset of so many seconds is a point in time; a thousand times as much is one in milliseconds."""


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
        value = read_reset(text, now) if fact == "reset" else _number(text)
        if value is not None:
            found.setdefault(key, {})[fact] = value
            if fact == "reset" and (_duration(text.strip()) or name.lower().startswith("anthropic")):
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


def read_reset(text: str, now: float) -> float | None:
    """Return the seconds until a time such as `6m0s`, `120ms`, `17.5`, an RFC 3339 or HTTP date, or an epoch."""
    text = text.strip()
    seconds = _number(text)
    if seconds is None:
        seconds = _duration(text)
    elif seconds >= _EPOCH:
        seconds = (seconds / 1000 if seconds >= 1000 * _EPOCH else seconds) - now
    if seconds is None:
        moment = _moment(text)
        seconds = None if moment is None else moment - now
    return None if seconds is None or not math.isfinite(seconds) else max(seconds, 0.0)


def _number(text: str) -> float | None:
    first = text.partition(",")[0].partition(";")[0].strip()  # `100, 100;w=60` is a limit of 100
    return float(first) if first.isascii() and _NUMBER.fullmatch(first) else None


def _duration(text: str) -> float | None:
    match = _DURATION.fullmatch(text) if text.isascii() else None
    if match is None or not any(match.groups()):
        return None
    return sum(float(part) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part)


def _moment(text: str) -> float | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError, OSError, IndexError, TypeError):
            continue
    return None
