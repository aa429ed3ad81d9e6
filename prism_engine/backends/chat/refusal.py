"""Classifies an endpoint's refusal: which calls it concerns, whether to send the call again, and what the user can do.

A status or a label (a code for programs) is taken at its word. Words alone are taken for trouble with the key, the
account or the model only while the endpoint has not answered a call: later, they are about one call.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.backends.chat.error_body import ErrorBody, printable, read_error
from prism_engine.backends.chat.refusal_words import (
    ACCOUNT_WORDS,
    BAD_KEY,
    BILLING_WORDS,
    DAILY_LABELS,
    DAILY_WORDS,
    FILTER,
    FILTER_LABELS,
    FILTER_WORDS,
    FINAL,
    KEY_WORDS,
    LIMIT_AND_REQUESTED,
    MISSING_WORDS,
    MODEL_WORDS,
    MONEY_WORDS,
    NO_MODEL,
    NO_MONEY,
    PICTURE_BYTES_WORDS,
    PICTURE_FORMAT_WORDS,
    PICTURE_SIDE_WORDS,
    PICTURE_WORDS,
    PLACE_WORDS,
    RETRYABLE,
    STATUS_OF_LABEL,
    TEMPLATE_WORDS,
    TOO_LARGE_WORDS,
    TOO_MANY,
    UNSUPPORTED_WORDS,
)
from prism_engine.backends.limits.rate_headers import read_allowances
from prism_engine.errors import BackendError, DeadError, RejectedError, TransientError
from prism_engine.http import retry_after, shown_url
from prism_engine.records import Completion, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_WAIT = 600.0
"""Seconds. If a server asks to wait for longer, its quota is used up, and the run stops instead of sleeping."""
_LONGEST_NAMED = 100 * 365 * 86_400.0
"""Seconds. A longer wait is no date any more."""
_DAILY_WAIT = 60.0
"""Seconds. A used-up daily quota of which the next piece is free sooner than this is waited for."""

OUTPUT_LIMITS = ("max_tokens", "max_completion_tokens")
"""The two names of the request field with the output limit."""
_NAMES_KEY = re.compile(r"\b(?:api|access) ?(?:key|token)\b", re.IGNORECASE)
_SAMPLING = ("temperature", "top_p", "seed")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The endpoint of a call, as described in error messages."""

    url: str
    model: str
    key_name: str | None
    """The name of the environment variable that holds the key; never the key itself."""
    answered: bool = False
    """Whether it has answered a call."""
    extra_fields: frozenset[str] = frozenset()
    """Names of the request fields in the entry's `extra_body`."""
    reasoning_fields: frozenset[str] = frozenset()
    """Names of those that its reasoning effort or thinking budget becomes."""
    wants_key_header: bool = False
    """Whether it takes its key in the header `api-key`, but was sent a bearer token."""


class UnsupportedFieldError(DeadError):
    """The endpoint does not accept a request field that every call has.

    Args:
        field: its name.
    """

    def __init__(self, reason: str, *, field: str) -> None:
        super().__init__(reason)
        self.field = field


def read_refusal(status: int, headers: Mapping[str, str], raw: bytes, endpoint: Endpoint) -> Completion:
    """Classify a response whose HTTP status is not 2xx. Only a content filter's response gives a completion.

    Raises:
        BackendError: the subclass says how to react: retry, reject the call, or stop the run.
    """
    if 300 <= status < 400:
        raise _redirect(status, headers, endpoint)
    return classify(status, headers, read_error(raw), endpoint)


def stated_status(body: ErrorBody) -> int | None:
    """Return the HTTP status that an error inside a successful response stands for; None if nothing states it."""
    if body.status is not None:
        return body.status
    return next((status for labels, status in STATUS_OF_LABEL if labels & body.labels), None)


def classify(status: int, headers: Mapping[str, str], body: ErrorBody, endpoint: Endpoint) -> Completion:
    """Classify a refusal whose body has been read; see `read_refusal`."""
    reason = f"HTTP {status}: {body.message or 'no reason given'}"
    words = body.message
    throttled = status == 429 or (status < 500 and status != 413 and bool(body.labels & TOO_MANY))
    if trouble := account_trouble(status, body, reason, endpoint, throttled=throttled):
        raise trouble
    if not throttled and is_filtered(status, body):
        return Completion(Outcome.REFUSED, finish_reason="content_filter", detail=reason)
    if not throttled and (hint := _picture_trouble(status, words)):
        raise RejectedError(f"{hint} ({reason})")
    if status == 413 or (throttled and _is_too_large(words)):
        raise RejectedError(f"the request is too large for the endpoint's limits ({reason})")
    if throttled or status in RETRYABLE or (status >= 500 and status not in FINAL and not body.labels & NO_MODEL):
        raise _transient(headers, body, reason, endpoint, throttled=throttled)
    raise _field_trouble(status, body, reason, endpoint) or _final(status, body, reason, endpoint)


def is_filtered(status: int, body: ErrorBody) -> bool:
    """Whether a refusal is that of a content filter."""
    if body.labels & FILTER or any(map(FILTER_LABELS.search, body.labels)):
        return True
    return status in (400, 403, 422, 451, 500) and FILTER_WORDS.search(body.message) is not None


def account_trouble(
    status: int, body: ErrorBody, reason: str, endpoint: Endpoint, *, throttled: bool
) -> DeadError | None:
    """Return the error of a refusal that concerns the account, the key or the place: everything but the request."""
    if status < 500 and not throttled and body.wait is not None and body.wait > LONGEST_WAIT:
        return _come_back(body.wait, reason, endpoint)
    if _has_no_money(status, body):
        return DeadError(
            f"the account behind {endpoint.url} has no quota or credit left: top it up, or raise its limit ({reason})"
        )
    if throttled or (status >= 500 and not body.labels & BAD_KEY):
        return None
    words, early = body.message, "" if endpoint.answered or status in (404, 500) else body.message
    if status == 404 and not endpoint.answered and _NAMES_KEY.search(words):
        early = words
    key = f"check {endpoint.key_name}" if endpoint.key_name else "set api_key_env if it needs a key"
    if endpoint.wants_key_header:
        header = f'`headers: {{api-key: "${{{endpoint.key_name}}}"}}`'
        key += f"; a deployment on Azure takes it as {header}, without api_key_env"
    found = (
        (ACCOUNT_WORDS.search(words), "{} has closed or suspended this account: ask the provider"),
        (PLACE_WORDS.search(early), "{} does not serve this machine's country or region"),
        (
            status == 401 or body.labels & BAD_KEY or KEY_WORDS.search(early),
            f"API key refused by {{}}: {key}",
        ),
        (BILLING_WORDS.search(words), "{} refuses this account: check its billing and its limits"),
    )
    trouble = next((text for applies, text in found if applies), None)
    return None if trouble is None else DeadError(f"{trouble.replace('{}', endpoint.url)} ({reason})")


def _has_no_money(status: int, body: ErrorBody) -> bool:
    if _is_gemini_rate(body) or "#token-limit" in body.message:  # Alibaba words a limit per minute like a bill
        return False
    return status == 402 or bool(body.labels & NO_MONEY) or (status < 500 and bool(MONEY_WORDS.search(body.message)))


def _is_gemini_rate(body: ErrorBody) -> bool:
    """Whether it is one of Gemini's rate limits, whose words mention plans and billing."""
    return "resource_exhausted" in body.labels and not body.labels & NO_MONEY


def _is_too_large(words: str) -> bool:
    """Whether a rate limit can never admit the request, because the request alone exceeds it."""
    if TOO_LARGE_WORDS.search(words):
        return True
    if not (match := LIMIT_AND_REQUESTED.search(words)):
        return False
    limit, asked = (int(match[name].replace(",", "") or 0) for name in ("limit", "asked"))
    return 0 < limit < asked


def _picture_trouble(status: int, words: str) -> str | None:
    """Return what to do about a picture that the endpoint refuses; None if the refusal is not about a picture."""
    if status not in (400, 413, 422) or not PICTURE_WORDS.search(words):
        return None
    if PICTURE_SIDE_WORDS.search(words):
        return "a picture has too many pixels: set `max_image_side` in its registry entry, and it is scaled down"
    if PICTURE_BYTES_WORDS.search(words):
        return "a picture is too large: set `max_image_bytes` in its registry entry, and it is compressed"
    if PICTURE_FORMAT_WORDS.search(words):
        return "a picture has a format that is not accepted: set `image_formats` in its registry entry"
    return None


def _transient(
    headers: Mapping[str, str], body: ErrorBody, reason: str, endpoint: Endpoint, *, throttled: bool
) -> BackendError:
    wait = retry_after(headers)
    if wait is None:
        wait = body.wait
    if throttled:
        resets = [_longest_reset(found) for found in (headers, body.headers or {})]
        if wait is None or max(resets) > LONGEST_WAIT:
            wait = max(*resets, wait or 0.0) or None
        if _is_daily(body) and (wait is None or wait > _DAILY_WAIT or _is_gemini_rate(body)):
            return _come_back(None if _is_gemini_rate(body) else wait, reason, endpoint)
    if wait is not None and wait > LONGEST_WAIT:
        return _come_back(wait, reason, endpoint)
    return TransientError(reason, retry_after=wait, rate_limited=throttled)


def _is_daily(body: ErrorBody) -> bool:
    """Whether the limit is one per day or longer; a message that lists all limits does not say which one it is."""
    words = body.message
    return any(map(DAILY_LABELS.search, body.labels)) or (
        DAILY_WORDS.search(words) is not None and re.search(r"per[ _-]?min|/ ?min|\bRPM\b|\bTPM\b", words) is None
    )


def _longest_reset(headers: Mapping[str, str]) -> float:
    """Return the seconds until the last of the used-up limits resets, if that is beyond the longest wait; else 0."""
    spent = [limit for limit in read_allowances(headers, time.time()) if limit.remaining < 1]
    longest = max((limit.reset or 0.0 for limit in spent), default=0.0)
    return longest if longest > LONGEST_WAIT else 0.0


def _come_back(wait: float | None, reason: str, endpoint: Endpoint) -> DeadError:
    if wait is None or wait > _LONGEST_NAMED:
        when = "its quota for a longer period is used up: run the same command again when it is renewed"
    else:
        moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + wait))
        span = f"{wait / 60:.0f} minutes" if wait < 3 * 3600 else f"{wait / 3600:.0f} hours"
        when = f"it asks to wait for {span}: run the same command again then ({moment})"
    return DeadError(f"{endpoint.url} accepts no more for now; {when} ({reason})")


def _field_trouble(status: int, body: ErrorBody, reason: str, endpoint: Endpoint) -> UnsupportedFieldError | None:
    """Return the error of a request field that the endpoint does not know or accept."""
    if status not in (400, 404, 422) or not (
        UNSUPPORTED_WORDS.search(body.message) or any("unsupported" in label for label in body.labels)
    ):
        return None
    known = (*_SAMPLING, *OUTPUT_LIMITS, "stop", *sorted(endpoint.extra_fields | endpoint.reasoning_fields))
    field = next((name for name in known if name in body.fields), None) or _first_named(body.message, known)
    if field is None:
        return None
    if field in OUTPUT_LIMITS:
        other = OUTPUT_LIMITS[1 - OUTPUT_LIMITS.index(field)]
        fix = f"set `max_tokens_field: {other}` in its registry entry"
    elif field in endpoint.extra_fields:
        fix = "change `extra_body` in its registry entry"
    elif field in endpoint.reasoning_fields:
        fix = "change `reasoning_effort`, `thinking_budget` or `reasoning_style` in its registry entry or the run"
    elif field == "stop":
        fix = "leave out `stop` in the run file"
    else:
        fix = "set `send_sampling: false` in its registry entry"
    return UnsupportedFieldError(
        f"{endpoint.url} does not accept the field {field!r} for {endpoint.model!r}: {fix} ({reason})",
        field=field,
    )


def _first_named(words: str, names: tuple[str, ...]) -> str | None:
    """Return the name that occurs first, as a whole word."""
    found = [(match.start(), name) for name in names if (match := _named(name).search(words))]
    return min(found)[1] if found else None


def _named(name: str) -> re.Pattern[str]:
    """Return the pattern of a field's name; names that are also ordinary words must be marked as names."""
    word = re.escape(name)
    if name in ("stop", "seed"):
        return re.compile(
            rf"['\"`]{word}['\"`]|\b{word}\b(?= *[:=])|(?:parameter|argument|field|supplied)s?:? {word}\b"
        )
    return re.compile(rf"\b{word}\b")


def _final(status: int, body: ErrorBody, reason: str, endpoint: Endpoint) -> BackendError:
    """Return the error of a refusal that sending the same request again cannot change."""
    if misses_template(body.message):
        return DeadError(
            f"the model {endpoint.model!r} at {endpoint.url} has no chat template: start its server with one "
            f"(vLLM: `--chat-template FILE`; `chat_template:` in an entry with `backend: vllm`) ({reason})"
        )
    unknown = body.labels & NO_MODEL or MODEL_WORDS.search(body.message)
    if endpoint.answered and not (unknown and (status == 404 or body.labels & NO_MODEL)):
        return RejectedError(reason)  # what is missing, or forbidden, is missing for this call
    if unknown or status in (404, 405, 410):
        return DeadError(
            f"{endpoint.url} does not know or no longer offers the model {endpoint.model!r}, or base_url is wrong (it "
            f"often ends in /v1) ({reason})"
        )
    if status in (403, 511):
        return _no_access(status, body, reason, endpoint)
    return RejectedError(reason)


def _no_access(status: int, body: ErrorBody, reason: str, endpoint: Endpoint) -> DeadError:
    if status == 511:
        return DeadError(f"the network asks for a login before {endpoint.url} can be reached ({reason})")
    if body.is_page:
        return DeadError(
            f"a web page refuses access to {endpoint.url}: a firewall, proxy or VPN may be in the way, or base_url "
            f"is wrong (it often ends in /v1) ({reason})"
        )
    name = endpoint.key_name
    hint = f"check what the key in {name} may use" if name else "set api_key_env if it needs a key"
    return DeadError(f"access refused by {endpoint.url}: {hint} ({reason})")


def misses_template(words: str) -> bool:
    """Whether an error says that a model has no chat template."""
    return TEMPLATE_WORDS.search(words) is not None and MISSING_WORDS.search(words) is not None


def _redirect(status: int, headers: Mapping[str, str], endpoint: Endpoint) -> DeadError:
    location = next((value for name, value in headers.items() if name.lower() == "location"), "")
    target = printable(re.sub(r"[?#].*", "", shown_url(location), flags=re.DOTALL))  # the query may hold secrets
    return DeadError(
        f"{endpoint.url} redirects (HTTP {status}){f' to {target}' if target else ''}: set base_url to the API's final "
        "address; it often ends in /v1"
    )
