"""What every HTTP client here needs: URLs safe to print, proxies, and the waits that servers ask for."""

from __future__ import annotations

import math
import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DURATION = re.compile(
    r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?"
)
_UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?")
_EPOCH = 1e9
"""A reset of so many seconds is a point in time; a thousand times as much is one in milliseconds."""


def shown_url(url: str) -> str:
    """Return a URL as it may be printed: without user and password."""
    return re.sub(r"//[^/@]*@", "//", url)


def may_use_proxy(url: str) -> bool:
    """Whether `HTTPS_PROXY` applies: always, except for addresses of this machine."""
    return urlsplit(url).hostname not in _LOOPBACK


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait, or None; a date is compared with this machine's clock."""
    for name, unit in (("retry-after-ms", 1000.0), ("Retry-After", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / unit
        except ValueError:
            named = read_reset(value, time.time())
            if named is None:
                continue
            seconds = named
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    return None


def read_reset(text: str, now: float) -> float | None:
    """Return the seconds until a time such as `6m0s`, `120ms`, `17.5`, an RFC 3339 or HTTP date, or an epoch."""
    text = text.strip()
    seconds = read_number(text)
    if seconds is None:
        seconds = read_duration(text)
    elif seconds >= _EPOCH:
        seconds = (seconds / 1000 if seconds >= 1000 * _EPOCH else seconds) - now
    if seconds is None:
        moment = _moment(text)
        seconds = None if moment is None else moment - now
    return None if seconds is None or not math.isfinite(seconds) else max(seconds, 0.0)


def read_number(text: str) -> float | None:
    """Return the number that a header's value begins with; None where it is no plain decimal number."""
    first = text.partition(",")[0].partition(";")[0].strip()  # `100, 100;w=60` is a limit of 100
    return float(first) if first.isascii() and _NUMBER.fullmatch(first) else None


def read_duration(text: str) -> float | None:
    """Return the seconds of a duration such as `6m0s` or `120ms`; None where the text is none."""
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
