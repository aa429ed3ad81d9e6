"""From an HTTP answer of a chat-completions endpoint to a completion or a typed error."""

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
"""Seconds; a server that asks to stay away for longer has run out of quota, and the run stops instead of sleeping."""
UNNAMED_WAIT = 15.0
"""Seconds to stay away after a 429 that names no time; less where all limits reset sooner. Quotas are per minute: the
six attempts that are usual then span more than one, where waits of our own choosing would be used up in half of it."""
LONGEST_MESSAGE = 300
"""Characters of a server's own words that an error repeats."""

_CUT = frozenset({"length", "max_tokens", "model_length"})
_FILTERED = frozenset({"content_filter", "refusal", "sensitive"})
_BROKEN_OFF = frozenset({"abort", "error", "insufficient_system_resource"})
_NO_MONEY = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "exceeded_current_quota_error"}
)
_POLICY = frozenset({"content_filter", "content_policy_violation", "responsibleaipolicyviolation"})
_TRY_AGAIN = frozenset({408, 409, 425, 429})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What an error message says about where the call went."""

    url: str
    model: str
    key_name: str | None
    """The environment variable of the key; never the key itself."""


def read_reply(raw: bytes) -> Completion:
    """Return the completion in the body of a successful answer; `seconds` and `attempts` are not its business.

    A reply cut at the limit before any visible text is *truncated* where it shows that the model was still thinking
    (a larger limit would give an answer) and *empty* where it does not.

    Raises:
        TransientError: it is not JSON, holds no message, or the server broke off.
    """
    data = _json(raw)
    match data:
        case {"choices": [{"message": {**message}} as choice, *_]}:
            pass
        case _:
            raise TransientError(f"the reply has no message: {_complaint(raw)[0] or 'it is not complete JSON'}")
    finish = _string(choice.get("finish_reason"))
    if finish in _BROKEN_OFF:
        raise TransientError(f"the server broke the reply off ({finish})")
    text, refusal = _text(message.get("content")), _string(message.get("refusal"))
    reasoning = _string(message.get("reasoning_content")) or _string(message.get("reasoning"))
    usage = _usage(data.get("usage"))
    detail = ""
    if refusal or finish in _FILTERED:
        outcome, detail = Outcome.REFUSED, (refusal or "the provider's filter stopped the reply")[:LONGEST_MESSAGE]
    elif text and not text.isspace():
        outcome = Outcome.TRUNCATED if finish in _CUT else Outcome.OK
    else:
        thinking = finish in _CUT and (reasoning or usage.reasoning_tokens)
        outcome = Outcome.TRUNCATED if thinking else Outcome.EMPTY
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
    """Sort an answer whose HTTP status is not 2xx. Only a content filter's answer is a completion.

    Raises:
        BackendError: of the kind that says what to do about it.
    """
    message, labels = _complaint(raw)
    said = f"HTTP {status}: {message or 'without a reason'}"
    if labels & _POLICY or (status == 403 and "flagged" in message):
        return Completion(Outcome.REFUSED, finish_reason="content_filter", detail=said)
    if status == 402 or labels & _NO_MONEY:
        raise DeadError(f"the account behind {endpoint.url} has no quota left ({said})")
    if status in _TRY_AGAIN or status >= 500:
        limited = status == 429
        wait = retry_after(headers)
        if wait is None and limited:
            resets = [said.reset for said in read_allowances(headers, time.time()) if said.reset is not None]
            wait = min(UNNAMED_WAIT, max(resets, default=UNNAMED_WAIT))
        if wait is not None and wait > LONGEST_WAIT:
            raise DeadError(f"{endpoint.url} asks to wait for {wait / 60:.0f} minutes; run again then ({said})")
        raise TransientError(said, retry_after=wait, rate_limited=limited)
    raise _final(status, said, labels, endpoint)


def model_ids(raw: bytes) -> list[str]:
    """Return the ids in the body of an answer of `/models`.

    Raises:
        TransientError: the body is not such an answer.
    """
    match _json(raw):
        case {"data": [*models]}:
            return [_string(model.get("id")) for model in models if isinstance(model, dict)]
    raise TransientError("the answer is not a list of models")


def _final(status: int, said: str, labels: frozenset[str], at: Endpoint) -> BackendError:
    if status in (401, 403):
        mend = f"check {at.key_name}" if at.key_name else "set api_key_env if it wants a key"
        return DeadError(f"key refused by {at.url}: {mend} ({said})")
    if status in (404, 405, 410) or "model_not_found" in labels or "model not exist" in said.lower():
        return DeadError(
            f"{at.url} does not know the model {at.model!r}, or base_url is wrong (it often ends in /v1) ({said})"
        )
    if status < 400:
        return DeadError(f"{at.url} redirects elsewhere (HTTP {status}): give its final address as base_url")
    return RejectedError(said)


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _complaint(raw: bytes) -> tuple[str, frozenset[str]]:
    """Return the server's words, shortened, and its labels (error codes and types) in lower case."""
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
