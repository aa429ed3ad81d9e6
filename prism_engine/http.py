"""HTTP helpers: printable URLs, proxies, trusted certificates, and parsing of the waits that servers ask for."""

from __future__ import annotations

import math
import os
import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prism_engine.errors import DeadError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DURATION = re.compile(
    r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?"
)
_UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?")
_EPOCH = 1e9
"""A reset of at least this many seconds is a Unix time; of at least a thousand times as much, one in milliseconds."""


def shown_url(url: str) -> str:
    """Return a URL without user, password, query and fragment, safe to print."""
    return re.sub(r"[?#].*", "", re.sub(r"//[^\s]*[^/\s]@", "//", url), flags=re.DOTALL)


def may_use_proxy(url: str) -> bool:
    """Whether proxy variables such as `HTTPS_PROXY` apply: always, except for loopback addresses."""
    return urlsplit(url).hostname not in _LOOPBACK


_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name more certificates, as curl and requests have them; OpenSSL itself reads SSL_CERT_FILE."""
UNTRUSTED = (
    "its certificate is not trusted; if a proxy or your organisation signed it, set SSL_CERT_FILE or "
    "REQUESTS_CA_BUNDLE to the file (PEM) with the certificate of that authority"
)
"""What to do about an untrusted certificate."""


def trusted_certificates(url: str) -> ssl.SSLContext | None:
    """Return the certificates to trust: the system's (or SSL_CERT_FILE's), and those of REQUESTS_CA_BUNDLE.

    Returns:
        None if the library's default does: no variable is set, or the URL is without TLS.

    Raises:
        DeadError: a variable names no readable file of certificates.
    """
    named = {name: path for name in ("SSL_CERT_FILE", *_BUNDLES) if (path := os.environ.get(name))}
    if not url.lower().startswith("https:") or not named:
        return None
    import ssl  # noqa: PLC0415 - slow, and most modules that import this one need none

    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    for name, path in named.items():
        try:
            if Path(path).is_dir():
                context.load_verify_locations(capath=path)
            else:
                context.load_verify_locations(cafile=path)
        except OSError as error:  # of which ssl's errors are
            raise DeadError(f"{name}: {path}: no readable certificates ({error.strerror or error})") from None
    return context


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait, or None. Dates are compared with this machine's clock."""
    for name, unit in (("retry-after-ms", 1000.0), ("Retry-After", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / unit
            if seconds >= _EPOCH and (until := read_reset(value, time.time())) is not None:
                seconds = until
        except ValueError:
            until_reset = read_reset(value, time.time())
            if until_reset is None:
                continue
            seconds = until_reset
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    return None


def read_reset(text: str, now: float) -> float | None:
    """Return the seconds until a reset: `6m0s`, `120ms`, `17.5`, an RFC 3339 or HTTP date, a Unix time; else None."""
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


@lru_cache(maxsize=256)  # limits and short resets repeat
def read_number(text: str) -> float | None:
    """Return the number at the start of a header's value; None if it is not a plain decimal number."""
    first = text.partition(",")[0].partition(";")[0].strip()  # `100, 100;w=60` means 100
    return float(first) if first.isascii() and _NUMBER.fullmatch(first) else None


@lru_cache(maxsize=256)
def read_duration(text: str) -> float | None:
    """Return the seconds of a duration such as `6m0s` or `120ms`; None for any other text."""
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
