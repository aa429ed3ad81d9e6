"""Reads what an endpoint says about an error: its words, its labels, and when to try again."""

from __future__ import annotations

import html
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from prism_engine.backends.chat.json_body import read_json
from prism_engine.control_characters import on_one_line
from prism_engine.http import read_duration, read_reset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_MESSAGE = 300
"""Maximum characters of a server's message that an error repeats."""
_LONGEST_READ = 8 * 1024
"""Bytes of a body that is not JSON that are searched for a message."""
_DEEPEST, _MOST_LEVELS = 12, 200
"""Nested objects of a body that are searched."""

_LABELS = ("code", "type", "status", "reason", "__type", "error_code", "err_code", "limit_source", "quotaid")
_WORDS = (
    "message",
    "detail",
    "error_description",
    "msg",
    "error_msg",
    "faultstring",
    "description",
    "title",
    "status_msg",
    "error",
)
_NESTED = (
    "error",
    "errors",
    "innererror",
    "inner_error",
    "detail",
    "details",
    "metadata",
    "violations",
    "fault",
    "base_resp",
)
_PAGE = re.compile(r"\s*(?:<!doctype html|<html|<head|<\?xml|<!--)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.{1,200}?)</title", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]{0,500}>", re.IGNORECASE | re.DOTALL)
_STREAM = re.compile(rb"\s*(?:data|event|id|retry|):")
_RETRY_IN = re.compile(
    r"(?:try again|retry|wait|resets?|available)(?: again)?(?: (?:after|in|for))+ (?P<span>\d[\d.]*(?:ms|[smhd]?)"
    r"(?:\d[\d.]*(?:ms|[smhd]))*)(?: ?(?P<unit>millisecond|second|minute|hour|day))?",
    re.IGNORECASE,
)
_RETRY_AT = re.compile(r"(\d{4}-\d\d-\d\d)(?: at |T| )(\d\d:\d\d(?::\d\d)?)(?:\.\d+)? ?(?:UTC|GMT|Z|\+00:00)")
_RENEWED_AT = re.compile(r"(\d{4}-\d\d-\d\d) ?(\d\d:\d\d(?::\d\d)?) ?(?:后)?(?:重置|刷新|恢复|更新)")
_BEIJING = timezone(timedelta(hours=8))
"""The time in Chinese messages, which name no zone."""
_UNITS = {"millisecond": 0.001, "second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0}


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What the body of an error response says."""

    message: str
    """The server's words, printable and shortened; empty if there are none."""
    labels: frozenset[str] = frozenset()
    """Error codes and types, in lower case."""
    fields: frozenset[str] = frozenset()
    """The request fields that the error is about, as far as it names them apart from its words."""
    status: int | None = None
    """The HTTP status that the body itself states."""
    wait: float | None = None
    """Seconds until the server asks to try again."""
    headers: Mapping[str, str] | None = None
    """Headers of the provider behind a gateway, which the gateway quotes."""
    is_page: bool = False
    """Whether it is a web page."""


def read_error(raw: bytes) -> ErrorBody:
    """Return what an error response says; every field is optional in some dialect."""
    data = read_json(raw)
    if not isinstance(data, (dict, list)):
        return ErrorBody(printable(_plain(raw, data)), is_page=is_web_page(raw))
    levels = list(islice(_levels(data), _MOST_LEVELS))
    words = _words(levels)
    labels, fields, status, wait = set(), set(), None, None
    for level in levels:
        facts = {str(name).lower(): value for name, value in level.items()}
        labels |= {_label(facts[name]) for name in _LABELS if isinstance(facts.get(name), (str, int))}
        fields |= _fields(facts)
        status = status or _status(facts)
        wait = _wait(facts) if wait is None else wait
    if wait is None:
        wait = wait_in_words(words)
    quoted = next((level["headers"] for level in levels if isinstance(level.get("headers"), dict)), None)
    headers = None if quoted is None else {str(name): str(value) for name, value in quoted.items()}
    return ErrorBody(printable(words), frozenset(labels), frozenset(fields), status, wait, headers)


def wait_in_words(text: str) -> float | None:
    """Return the seconds of a phrase such as `Please try again in 6m12.5s`; None if there is none."""
    if match := _RETRY_IN.search(text):
        span = match["span"].rstrip(".")
        unit = match["unit"]
        if unit is None:
            return read_duration(span) if span[-1:].isalpha() else None
        try:
            return float(span) * _UNITS[unit.lower()]
        except ValueError:
            return None
    for pattern, zone in ((_RETRY_AT, UTC), (_RENEWED_AT, _BEIJING)):
        if match := pattern.search(text):
            try:
                moment = datetime.fromisoformat(f"{match[1]}T{match[2]}").replace(tzinfo=zone)
            except ValueError:
                return None
            return max(moment.timestamp() - time.time(), 0.0)
    return None


def is_web_page(raw: bytes) -> bool:
    """Whether a body is HTML (or XML), not JSON."""
    return _PAGE.match(raw[:1000].decode("utf-8-sig", errors="replace")) is not None


def is_event_stream(raw: bytes) -> bool:
    """Whether a body is a stream of server-sent events."""
    return _STREAM.match(raw[:1000]) is not None


def _levels(data: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the objects in which dialects hide the facts: outermost first, except that `error` precedes its parent."""
    if depth >= _DEEPEST:
        return
    if isinstance(data, str) and depth and data.lstrip()[:1] in ("{", "["):  # a gateway quotes the provider's body
        data = read_json(data.encode(errors="replace"))
    if isinstance(data, list):
        for item in data[:20]:
            yield from _levels(item, depth + 1)
    elif isinstance(data, dict):
        error = data.get("error")
        if isinstance(error, (dict, list)):
            yield from _levels(error, depth + 1)
        yield data
        for name in (*_NESTED, "message", "raw"):
            if name != "error" or isinstance(error, str):
                yield from _levels(data.get(name), depth + 1) if data.get(name) else ()


def _label(value: str | int) -> str:
    """Return a code in lower case, without the namespace that AWS puts before it."""
    return str(value).lower().rpartition("#")[2]


def _words(levels: list[dict[str, Any]]) -> str:
    """Return the first message, and the provider's own if a gateway only says that there was one."""
    found: list[str] = []
    for level in levels:
        words = next((text for name in _WORDS if (text := _text(level.get(name)))), "")
        if isinstance(level.get("loc"), list) and words:
            words = f"{'.'.join(map(str, level['loc']))}: {words}"
        if words and not any(words in earlier for earlier in found):
            found.append(words)
    return ": ".join(found[:2]) if found and len(found[0]) < 40 else "".join(found[:1])


def _text(value: Any) -> str:
    if isinstance(value, str) and value.lstrip()[:1] not in ("{", "["):
        return value.strip()
    return ""


def _fields(facts: dict[str, Any]) -> set[str]:
    named = {facts["param"]} if isinstance(facts.get("param"), str) else set()
    place = facts.get("loc")
    if isinstance(place, list) and len(place) > 1 and isinstance(place[1], str):
        named.add(place[1])
    return named


def _status(facts: dict[str, Any]) -> int | None:
    for name in ("code", "status", "status_code", "statuscode"):
        text = str(facts.get(name)).strip()
        if text.isascii() and text.isdecimal() and len(text) == 3 and text[0] in "45":
            return int(text)
    return None


def _wait(facts: dict[str, Any]) -> float | None:
    for name in ("retrydelay", "retry_after", "retry_after_seconds", "retryafter"):
        value = facts.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return read_reset(str(value), time.time())
    return None


def _plain(raw: bytes, data: Any) -> str:
    """Return the words of a body that is not a JSON object."""
    if isinstance(data, str):
        return data
    text = raw[:_LONGEST_READ].decode("utf-8-sig", errors="replace")
    title = _TITLE.search(text)
    if title is not None and title[1].strip():
        return html.unescape(title[1])
    return html.unescape(_MARKUP.sub(" ", text)) if "<" in text else text


def printable(text: str) -> str:
    """Return a server's text on one line, without control and direction characters, shortened."""
    return on_one_line(text, invisible=False)[:LONGEST_MESSAGE]
