"""Responses of the chaos server: completions with actual and claimed usage, errors, and headers."""

from __future__ import annotations

import hashlib
import math
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from aiohttp import web

from prism_engine.chaos.behaviour import Fault, RetryAfter

if TYPE_CHECKING:
    from collections.abc import Iterator

UNLIMITED = 256
"""Output limit of a request without one: reserved from its quota, and the length of a full-length text."""
TOKENS_PER_IMAGE = 1000
_ABSURD = 10**15
_STYLES = (RetryAfter.SECONDS, RetryAfter.DATE, RetryAfter.MS, RetryAfter.NONE)
_ERRORS = {
    Fault.SERVER_ERROR: (500, "server_error", "The server had an error"),
    Fault.BAD_GATEWAY: (502, "bad_gateway", "Bad gateway"),
    Fault.UNAVAILABLE: (503, "service_unavailable", "The engine is loading"),
    Fault.OVERLOADED: (529, "overloaded_error", "Overloaded"),
    Fault.BAD_REQUEST: (400, "context_length_exceeded", "This model's maximum context length is 8 tokens"),
}
_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Reply(NamedTuple):
    """A computed completion."""

    body: dict[str, Any]
    """The body to send, with the claimed usage."""
    prompt_tokens: int
    """The actual numbers of tokens."""
    completion_tokens: int


def parsed(raw: bytes) -> dict[str, Any] | None:
    """Return a chat-completions request, or None if a provider would reject it."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    match body:
        case {"messages": [_, *_] as messages} if all(isinstance(message, dict) for message in messages):
            limit = output_limit(body)
            return body if limit is None or (type(limit) is int and limit > 0) else None
    return None


def prompt_tokens(body: dict[str, Any]) -> int:
    """Return the tokens of a request's messages: one per four bytes of their JSON, a thousand per picture."""
    pictures = list(_pictures(body))
    size = len(orjson.dumps(body["messages"])) - sum(map(len, pictures))
    return size // 4 + TOKENS_PER_IMAGE * len(pictures)


def output_limit(body: dict[str, Any]) -> int | None:
    """Return a request's limit of output tokens, under either name."""
    limit: int | None = body.get("max_completion_tokens", body.get("max_tokens"))
    return limit


def computed(
    body: dict[str, Any], text: str, fault: Fault | None = None, *, full_length: bool = False, hidden: float = 0.0
) -> Reply:
    """Return a completion with this text, modified by the fault.

    Args:
        hidden: see `Behaviour.hidden_reasoning`.
    """
    finish, limit, words = "stop", output_limit(body), text.split()
    if full_length:
        limit = limit or UNLIMITED
        words = words[:limit] + ["indeed"] * (limit - len(words))
        text, finish = " ".join(words), "length"
    elif limit is not None and len(words) > limit:
        words = words[:limit]
        text, finish = " ".join(words), "length"
    match fault:
        case Fault.EMPTY | Fault.FILTERED:
            text, words = "", []
            finish = "stop" if fault is Fault.EMPTY else "content_filter"
        case Fault.CUT:
            finish = "length"
    reasoning = round(hidden * (limit or UNLIMITED))
    prompt, completion = prompt_tokens(body), len(words) + reasoning
    whole = {
        "id": "chatcmpl-chaos",
        "object": "chat.completion",
        "model": body.get("model"),
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
    }
    usage = _claimed(prompt, completion, fault)
    if usage is not None and reasoning:
        usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return Reply(whole if usage is None else whole | {"usage": usage}, prompt, completion)


def option_text(body: dict[str, Any]) -> str:
    """Return a sentence that names an option, the same one for the same messages."""
    letter = "ABCD"[hashlib.sha256(orjson.dumps(body["messages"])).digest()[0] % 4]
    return f"The answer is {letter}."


def failure(fault: Fault) -> web.Response:
    """Return the error response of a fault that computes nothing (other than 429)."""
    if fault is Fault.HTML:
        return web.Response(text=_PAGE, status=502, content_type="text/html")
    return error(*_ERRORS[fault])


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """Return an error response with OpenAI's body."""
    facts = {"message": message, "type": "chaos", "param": None, "code": code}
    return as_json({"error": facts}, status=status, headers=headers)


def as_json(value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return a JSON response."""
    return web.Response(body=orjson.dumps(value), status=status, headers=headers, content_type="application/json")


def wait_headers(style: RetryAfter | str | None, wait: float | None, earlier: int) -> dict[str, str]:
    """Return the headers in which a 429 names its time.

    Args:
        wait: seconds; None if waiting would not help, so that no time is named.
        earlier: number of earlier 429s, for `RetryAfter.MIXED`.
    """
    if style is not None and not isinstance(style, RetryAfter):
        return {"Retry-After": style}
    if style is RetryAfter.MIXED:
        style = _STYLES[earlier % len(_STYLES)]
    if wait is None:
        return {}
    match style:
        case RetryAfter.SECONDS:
            return {"Retry-After": str(math.ceil(wait))}
        case RetryAfter.DATE:
            return {"Retry-After": formatdate(math.ceil(time.time() + wait), usegmt=True)}
        case RetryAfter.MS:
            return {"retry-after-ms": str(math.ceil(wait * 1000))}
    return {}


def _pictures(body: dict[str, Any]) -> Iterator[str]:
    for message in body["messages"]:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            match part:
                case {"image_url": {"url": str(url)}}:
                    yield url


def _claimed(prompt: int, completion: int, fault: Fault | None) -> dict[str, Any] | None:
    match fault:
        case Fault.USAGE_MISSING:
            return None
        case Fault.USAGE_ZERO:
            prompt = completion = 0
        case Fault.USAGE_NEGATIVE:
            prompt, completion = -prompt, -1
        case Fault.USAGE_ABSURD:
            prompt = completion = _ABSURD
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
