"""Parses the HTTP response of a chat-completions endpoint into a completion or a typed error."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.backends.chat.error_body import is_event_stream, is_web_page, printable, read_error
from prism_engine.backends.chat.json_body import read_json
from prism_engine.backends.chat.refusal import account_trouble, classify, is_filtered, stated_status
from prism_engine.backends.chat.refusal_words import RATE_WORDS
from prism_engine.errors import NoCompletionError, TransientError
from prism_engine.records import Completion, Outcome, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.backends.chat.refusal import Endpoint

_TRUNCATED = frozenset(
    {
        *("length", "max_tokens", "max_output_tokens", "model_length", "token_limit", "max_length"),
        *("max_completion_tokens", "model_context_window_exceeded", "context_length_exceeded"),
    }
)
_ABORTED = frozenset({"abort", "error", "insufficient_system_resource"})
_FILTERED = re.compile(
    "filter|safety|sensitive|refus|prohibited|blocklist|recitation|spii|guardrail|moderat|policy|blocked|violation"
)
"""Parts of the finish reasons, in lower case, with which providers mark a reply that their filter stopped."""
_BASE_URL = "base_url may be wrong (it often ends in /v1)"
NO_CHOICES = "no_choices"
"""Finish reason of a completion without choices, as some providers answer a blocked prompt."""
_LARGEST_COUNT = 2**63 - 1
_MOST_DIGITS = 20


def read_reply(raw: bytes, headers: Mapping[str, str], endpoint: Endpoint, *, from_reasoning: bool) -> Completion:
    """Return the completion in the body of a successful response; the caller sets `seconds` and `attempts`.

    A reply cut at the limit before any visible text is *truncated* if the model was evidently still reasoning (a larger
    limit would give an answer), else *empty*.

    Args:
        headers: of the response, for an error inside it.
        from_reasoning: read a reply without text from its reasoning.

    Raises:
        NoCompletionError: the body is a whole response, but no completion.
        TransientError: the body is incomplete, or the server aborted the reply.
        BackendError: the body is an error; as `refusal.read_refusal`.
    """
    data = read_json(raw)
    if not isinstance(data, dict) or not _is_completion(data):
        return _read_error(raw, data, headers, endpoint)
    if not data.get("choices"):
        return _blocked(data)
    choice = data["choices"][0] if isinstance(data["choices"][0], dict) else {}
    filtered = _FILTERED.search(_finish_reasons(data, choice)) is not None
    finish = _string(choice.get("finish_reason"))
    if choice.get("error") or finish.lower() in _ABORTED:
        return _aborted(finish, choice, raw, headers, endpoint)
    message = choice.get("message")
    if "message" not in choice and ("text" in choice or "delta" in choice):
        kind = "text completion" if "text" in choice else "piece of a stream"
        raise NoCompletionError(f"the reply is a {kind}, not a chat completion; {_BASE_URL}")
    if not isinstance(message, dict):
        if not (filtered or finish):
            raise NoCompletionError(f"the reply has no message; {_BASE_URL}")
        message = {}
    return _completion(data, message, finish, filtered=filtered, from_reasoning=from_reasoning)


def model_ids(raw: bytes) -> list[str]:
    """Return the ids in the body of a response of `/models`.

    Raises:
        TransientError: the body is not a list of models.
    """
    match read_json(raw):
        case {"data": [*models]}:
            return [_string(model.get("id")) for model in models if isinstance(model, dict)]
    raise TransientError("the response is not a list of models")


def _completion(
    data: dict[str, Any], message: dict[str, Any], finish: str, *, filtered: bool, from_reasoning: bool
) -> Completion:
    text, refusal = _text(message.get("content")), _string(message.get("refusal"))
    field = next((name for name in ("reasoning_content", "reasoning") if _string(message.get(name))), "")
    reasoning = _string(message.get(field))
    usage = _usage(data.get("usage"))
    truncated, detail = finish.lower() in _TRUNCATED, ""
    if from_reasoning and not (text.strip() or refusal or filtered or truncated):
        text, reasoning = reasoning, ""
    if refusal or filtered:
        outcome, detail = Outcome.REFUSED, printable(refusal) or f"the provider's filter stopped the reply ({finish})"
    elif text and not text.isspace():
        outcome = Outcome.TRUNCATED if truncated else Outcome.OK
    elif truncated and (reasoning or usage.reasoning_tokens):
        outcome = Outcome.TRUNCATED
    else:
        outcome, detail = Outcome.EMPTY, _why_empty(message, finish, field, reasoning)
    model = _string(data.get("model"))
    return Completion(outcome, text, reasoning=reasoning, finish_reason=finish, usage=usage, model=model, detail=detail)


def _why_empty(message: dict[str, Any], finish: str, field: str, reasoning: str) -> str:
    if finish.lower() in _TRUNCATED:
        return f"the output limit was used up before any text (finish reason {printable(finish)}): raise it"
    if message.get("tool_calls") or message.get("function_call"):
        return f"the model calls a tool instead of answering (finish reason {printable(finish) or 'none'})"
    if not reasoning.strip():
        return f"the reply is empty (finish reason {printable(finish) or 'none'})"
    return (
        f"the reply is empty; its {field} holds {len(reasoning):,} characters: does the server's reasoning parser fit "
        "the model? `read_reasoning: true` in the registry entry reads the answer from there"
    )


def _blocked(data: dict[str, Any]) -> Completion:
    """Return the completion of a response without choices."""
    reason = _block_reason(data)
    words = f" ({printable(reason)})" if reason else ""
    return Completion(
        Outcome.REFUSED,
        finish_reason=reason or NO_CHOICES,
        usage=_usage(data.get("usage")),
        model=_string(data.get("model")),
        detail=f"the provider returned no reply at all, as some do for a prompt that their filter blocks{words}",
    )


def _block_reason(data: dict[str, Any]) -> str:
    for name in ("prompt_feedback", "promptFeedback"):
        feedback = data.get(name)
        if isinstance(feedback, dict):
            return _string(feedback.get("block_reason")) or _string(feedback.get("blockReason"))
    return ""


def _finish_reasons(data: dict[str, Any], choice: dict[str, Any]) -> str:
    """Return all finish reasons in lower case: the endpoint's, that of the provider behind a gateway, the prompt's."""
    reasons = [choice.get("finish_reason"), choice.get("native_finish_reason"), choice.get("stop_reason")]
    results = choice.get("content_filter_results")  # Azure's, by category
    if isinstance(results, dict) and any(
        isinstance(verdict, dict) and verdict.get("filtered") is True for verdict in results.values()
    ):
        reasons.append("content_filter")
    return "\n".join([reason for reason in (*reasons, _block_reason(data)) if isinstance(reason, str)]).lower()


def _aborted(
    finish: str, choice: dict[str, Any], raw: bytes, headers: Mapping[str, str], endpoint: Endpoint
) -> Completion:
    if choice.get("error"):
        raw = orjson.dumps({"error": choice["error"]})
    body = read_error(raw)
    status = stated_status(body) if choice.get("error") else None
    if status is not None:
        return classify(status, headers, body, endpoint)
    raise TransientError(f"the server aborted the reply ({printable(finish) or body.message})")


def _read_error(raw: bytes, data: Any, headers: Mapping[str, str], endpoint: Endpoint) -> Completion:
    """Classify a successful response without choices."""
    if is_web_page(raw):
        title = read_error(raw).message
        raise NoCompletionError(f"the reply is a web page, not a completion: {_BASE_URL}; the page says: {title}")
    if is_event_stream(raw) or (data is None and _is_json_lines(raw)):
        raise NoCompletionError(
            "the reply is an event stream, which was not asked for: the endpoint only streams, or a field in "
            f"`extra_body` asks it to, or {_BASE_URL}"
        )
    if data is None and raw.lstrip()[:1] in (b"{", b"["):
        raise TransientError("the reply is not complete JSON")
    body = read_error(raw)
    status = stated_status(body) if isinstance(data, (dict, list)) else None
    if status is not None:
        return classify(status, headers, body, endpoint)
    trouble = account_trouble(400, body, body.message, endpoint, throttled=False)
    if trouble is not None:
        raise trouble
    if isinstance(data, dict) and _says_error(data) and RATE_WORDS.search(body.message):
        return classify(429, headers, body, endpoint)
    if isinstance(data, dict) and is_filtered(400, body):
        return Completion(Outcome.REFUSED, finish_reason="content_filter", detail=body.message or "content filter")
    words = body.message or ("JSON without choices" if raw.strip() else "nothing")
    kind = "an error" if isinstance(data, dict) and _says_error(data) else "not a completion"
    raise NoCompletionError(f"the reply is {kind}: {_BASE_URL}; it says: {words}")


def _is_json_lines(raw: bytes) -> bool:
    """Whether a body is a stream of JSON objects, one per line, as Ollama's own API sends it."""
    first, _, rest = raw.strip().partition(b"\n")
    return rest.lstrip().startswith(b"{") and isinstance(read_json(first), dict)


def _is_completion(data: dict[str, Any]) -> bool:
    """Whether it is a completion, perhaps one without choices, as some providers answer a blocked prompt."""
    choices = data.get("choices")
    if choices:
        return isinstance(choices, list)
    marked = isinstance(choices, list) or data.get("object") == "chat.completion" or bool(_block_reason(data))
    return marked and not _says_error(data)


def _says_error(data: dict[str, Any]) -> bool:
    return any(data.get(name) for name in ("error", "errors", "error_code", "error_msg", "base_resp"))


def _text(content: Any) -> str:
    if isinstance(content, dict):
        content = [content]
    if isinstance(content, list):
        return "".join(_string(part.get("text") if isinstance(part, dict) else part) for part in content)
    return _string(content)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _usage(value: Any) -> Usage:
    if not isinstance(value, dict):
        return Usage()
    return Usage(
        prompt_tokens=_count(value.get("prompt_tokens")),
        completion_tokens=_count(value.get("completion_tokens")),
        cached_tokens=_count(_detail(value.get("prompt_tokens_details"), "cached_tokens")),
        reasoning_tokens=_count(_detail(value.get("completion_tokens_details"), "reasoning_tokens")),
        total_tokens=_count(value.get("total_tokens")),
    )


def _detail(details: Any, name: str) -> Any:
    return details.get(name) if isinstance(details, dict) else None


def _count(value: Any) -> int | None:
    """Return a reported count, saturating at 64 bits; some servers report floats, or text."""
    if value is None:
        return None
    if type(value) is int:
        return min(max(value, -_LARGEST_COUNT), _LARGEST_COUNT)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) < _MOST_DIGITS else _LARGEST_COUNT
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(max(math.ceil(value), -_LARGEST_COUNT), _LARGEST_COUNT)
