"""Parses the HTTP response of a chat-completions endpoint into a completion or a typed error."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.backends.limits.rate_headers import read_allowances
from prism_engine.errors import BackendError, DeadError, RejectedError, TransientError
from prism_engine.http import retry_after
from prism_engine.records import Completion, Outcome, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_WAIT = 600.0
"""Seconds. If a server asks to wait for longer, its quota is used up, and the run stops instead of sleeping."""
UNNAMED_WAIT = 15.0
"""Seconds to wait after a 429 without a time; less if all limits reset sooner. Quotas are per minute: the usual six
attempts then span more than a minute, while our own backoff would use them up in half a minute."""
LONGEST_MESSAGE = 300
"""Maximum characters of a server's message that an error repeats."""

_TRUNCATED = frozenset({"length", "max_tokens", "model_length"})
_FILTERED = frozenset({"content_filter", "refusal", "sensitive"})
_ABORTED = frozenset({"abort", "error", "insufficient_system_resource"})
_QUOTA_EXHAUSTED = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "exceeded_current_quota_error"}
)
_POLICY = frozenset({"content_filter", "content_policy_violation", "responsibleaipolicyviolation"})
_RETRYABLE = frozenset({408, 409, 425, 429})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The endpoint of a call, as described in error messages."""

    url: str
    model: str
    key_name: str | None
    """The name of the environment variable that holds the key; never the key itself."""


def read_reply(raw: bytes) -> Completion:
    """Return the completion in the body of a successful response; the caller sets `seconds` and `attempts`.

    A reply cut at the limit before any visible text is *truncated* if the model was evidently still reasoning (a larger
    limit would give an answer), else *empty*.

    Raises:
        TransientError: the body is not JSON, has no message, or the server aborted the reply.
    """
    data = _json(raw)
    match data:
        case {"choices": [{"message": {**message}} as choice, *_]}:
            pass
        case _:
            raise TransientError(f"the reply has no message: {_error_details(raw)[0] or 'it is not complete JSON'}")
    finish = _string(choice.get("finish_reason"))
    if finish in _ABORTED:
        raise TransientError(f"the server aborted the reply ({finish})")
    text, refusal = _text(message.get("content")), _string(message.get("refusal"))
    reasoning = _string(message.get("reasoning_content")) or _string(message.get("reasoning"))
    usage = _usage(data.get("usage"))
    detail = ""
    if refusal or finish in _FILTERED:
        outcome, detail = Outcome.REFUSED, (refusal or "the provider's filter stopped the reply")[:LONGEST_MESSAGE]
    elif text and not text.isspace():
        outcome = Outcome.TRUNCATED if finish in _TRUNCATED else Outcome.OK
    else:
        still_reasoning = finish in _TRUNCATED and (reasoning or usage.reasoning_tokens)
        outcome = Outcome.TRUNCATED if still_reasoning else Outcome.EMPTY
    return Completion(
        outcome,
        text,
        reasoning=reasoning,
        finish_reason=finish,
        usage=usage,
        model=_string(data.get("model")),
        detail=detail,
    )


def read_refusal(status: int, headers: Mapping[str, str], raw: bytes, endpoint: Endpoint) -> Completion:
    """Classify a response whose HTTP status is not 2xx. Only a content filter's response gives a completion.

    Raises:
        BackendError: the subclass says how to react: retry, reject the call, or stop the run.
    """
    message, labels = _error_details(raw)
    reason = f"HTTP {status}: {message or 'no reason given'}"
    if labels & _POLICY or (status == 403 and "flagged" in message):
        return Completion(Outcome.REFUSED, finish_reason="content_filter", detail=reason)
    if status == 402 or labels & _QUOTA_EXHAUSTED:
        raise DeadError(f"the account behind {endpoint.url} has no quota left ({reason})")
    if status in _RETRYABLE or status >= 500:
        limited = status == 429
        wait = retry_after(headers)
        if wait is None and limited:
            resets = [limit.reset for limit in read_allowances(headers, time.time()) if limit.reset is not None]
            wait = min(UNNAMED_WAIT, max(resets, default=UNNAMED_WAIT))
        if wait is not None and wait > LONGEST_WAIT:
            minutes = f"{wait / 60:.0f} minutes"
            raise DeadError(f"{endpoint.url} asks to wait for {minutes}; rerun the same command then ({reason})")
        raise TransientError(reason, retry_after=wait, rate_limited=limited)
    raise _final(status, reason, labels, endpoint)


def model_ids(raw: bytes) -> list[str]:
    """Return the ids in the body of a response of `/models`.

    Raises:
        TransientError: the body is not a list of models.
    """
    match _json(raw):
        case {"data": [*models]}:
            return [_string(model.get("id")) for model in models if isinstance(model, dict)]
    raise TransientError("the response is not a list of models")


def _final(status: int, reason: str, labels: frozenset[str], endpoint: Endpoint) -> BackendError:
    if status in (401, 403):
        hint = f"check {endpoint.key_name}" if endpoint.key_name else "set api_key_env if it needs a key"
        return DeadError(f"API key refused by {endpoint.url}: {hint} ({reason})")
    if status in (404, 405, 410) or "model_not_found" in labels or "model not exist" in reason.lower():
        return DeadError(
            f"{endpoint.url} does not know the model {endpoint.model!r}, or base_url is wrong (it often ends in /v1) "
            f"({reason})"
        )
    if status < 400:
        return DeadError(f"{endpoint.url} redirects (HTTP {status}): set base_url to its final address")
    return RejectedError(reason)


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _error_details(raw: bytes) -> tuple[str, frozenset[str]]:
    """Return the server's message, shortened, and its labels (error codes and types) in lower case."""
    data = _json(raw)
    if not isinstance(data, dict):
        return " ".join(raw[: 4 * LONGEST_MESSAGE].decode(errors="replace").split())[:LONGEST_MESSAGE], frozenset()
    error = data.get("error")
    facts = error if isinstance(error, dict) else data
    inner = facts.get("innererror")
    labels = [facts.get("code"), facts.get("type"), inner.get("code") if isinstance(inner, dict) else None]
    message = facts.get("message") or facts.get("detail") or error or ""
    words = message if isinstance(message, str) else orjson.dumps(message).decode()
    return " ".join(words.split())[:LONGEST_MESSAGE], frozenset(str(label).lower() for label in labels if label)


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(_string(part.get("text")) for part in content if isinstance(part, dict))
    return _string(content)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _usage(value: Any) -> Usage:
    return Usage(
        prompt_tokens=_count(value, "prompt_tokens"),
        completion_tokens=_count(value, "completion_tokens"),
        cached_tokens=_count(value, "prompt_tokens_details", "cached_tokens"),
        reasoning_tokens=_count(value, "completion_tokens_details", "reasoning_tokens"),
        total_tokens=_count(value, "total_tokens"),
    )


def _count(value: Any, *path: str) -> int | None:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
