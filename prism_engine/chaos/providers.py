"""Refusals and odd replies as named providers and servers send them, by a name for the situation.

`Behaviour(reply=PROVIDERS["openai-o3"])` makes the chaos server answer so. The bodies follow public error reports.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from prism_engine.chaos.replies import as_json, option_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Respond = Callable[[dict[str, Any]], str | web.Response]

_TOO_LARGE = (
    "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 36121. The "
    "input or output tokens must be reduced in order to run successfully."
)
_PAGE = "<!doctype html><html><head><title>Open WebUI</title></head><body><div id=app></div></body></html>"


def _always(response: Callable[[], web.Response]) -> Respond:
    return lambda _body: response()


def _error(status: int, headers: dict[str, str] | None = None, **facts: Any) -> Respond:
    """Return the reply of an error in OpenAI's form."""
    return _always(
        lambda: as_json({"error": {"type": "invalid_request_error"} | facts}, status=status, headers=headers)
    )


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Respond:
    return _always(lambda: as_json(value, status=status, headers=headers))


def _text(text: str, kind: str, status: int = 200, headers: dict[str, str] | None = None) -> Respond:
    return _always(lambda: web.Response(text=text, status=status, content_type=kind, headers=headers))


def completion(text: str | None = "The answer is A.", finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    """Return a completion."""
    choice = _choice(text) | {"finish_reason": finish}
    choice["message"] |= message
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {"id": "x", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}


def _choice(content: Any) -> dict[str, Any]:
    return {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}


def _refusing(field: str, message: str, code: str) -> Respond:
    """Return the reply of an endpoint that does not accept a request field."""
    refused = {"message": message, "type": "invalid_request_error", "param": field, "code": code}
    return lambda body: as_json({"error": refused}, status=400) if field in body else option_text(body)


def _raw(body: bytes) -> Respond:
    return _always(lambda: web.Response(body=body, content_type="application/json"))


def _google(status: int, name: str, message: str, *details: dict[str, Any]) -> Respond:
    error = {"code": status, "message": message, "status": name, "details": list(details)}
    return _json([{"error": error}], status)


def _quota(identity: str, delay: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return (
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": identity}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    )


def _reset_of_the_day() -> web.Response:
    headers = {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0"}
    headers["X-RateLimit-Reset"] = str(round((time.time() + 6 * 3600) * 1000))
    words = "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day"
    return as_json({"error": {"message": words, "code": 429, "metadata": {"headers": headers}}}, status=429)


_EVERY_CALL: dict[str, Respond] = {
    "gemini-bad-key": _google(
        400,
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"},
    ),
    "gemini-region": _google(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
    "gemini-per-day": _google(
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota, please check your plan and billing details.",
        *_quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "34s"),
    ),
    "anthropic-no-credit": _json(
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.",
            },
        },
        400,
    ),
    "anthropic-usage-limit": _json(
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "You have reached your specified API usage limits. You will regain access on 2099-01-01 at "
                "00:00 UTC.",
            },
        },
        400,
    ),
    "organization-disabled": _error(400, message="This organization has been disabled."),
    "openai-country": _error(
        403,
        message="Country, region, or territory not supported",
        code="unsupported_country_region_territory",
        type="request_forbidden",
    ),
    "openai-no-quota": _error(
        429,
        message="You exceeded your current quota, please check your plan and billing details.",
        type="insufficient_quota",
        code="insufficient_quota",
    ),
    "groq-decommissioned": _error(
        400,
        message="The model `m` has been decommissioned and is no longer supported.",
        code="model_decommissioned",
    ),
    "litellm-unknown-model": _json(
        {"error": {"message": "Invalid model name passed in model=m. Call `/v1/models`", "code": "400"}}, 400
    ),
    "one-api-no-channel": _error(
        503,
        message="No available channel for model m under group default",
        code="model_not_found",
        type="new_api_error",
    ),
    "openrouter-401-in-200": _json({"error": {"message": "User not found.", "code": 401}}),
    "openrouter-free-per-day": _always(_reset_of_the_day),
    "openrouter-no-endpoint": _json({"error": {"message": "No endpoints found for m.", "code": 404}}, 404),
    "mistral-extra-input": _json(
        {
            "detail": [
                {
                    "type": "extra_forbidden",
                    "loc": ["body", "temperature"],
                    "msg": "Extra inputs are not permitted",
                    "input": "invalid api key",
                }
            ]
        },
        422,
    ),
    "lm-studio-without-v1": _json({"error": "Unexpected endpoint or method. (POST /chat/completions)"}),
    "web-page": _text(_PAGE, "text/html"),
    "event-stream": _text('data: {"choices": [{"delta": {"content": "A"}}]}\n\ndata: [DONE]\n\n', "text/event-stream"),
    "json-lines": _text('{"response": "A", "done": false}\n{"response": "", "done": true}\n', "application/x-ndjson"),
    "login-redirect": _text("", "text/html", 301, {"Location": "https://login.example/sso?next=%2Fv1"}),
    "vllm-no-template": _error(
        400,
        message="As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat "
        "template if the tokenizer does not define one.",
        type="BadRequestError",
        code=400,
    ),
    "context-too-short": _error(
        400,
        message="This model's maximum context length is 64 tokens. However, you requested 612 tokens.",
        param="messages",
        code="context_length_exceeded",
    ),
    "no-pictures": _error(400, message="m is not a multimodal model", type="BadRequestError", code=400),
    "broken": _text("Internal Server Error", "text/plain", 500),
    "daily-header": _error(
        429,
        {"x-ratelimit-remaining-requests-day": "0", "x-ratelimit-reset-requests-day": "8h0m0s"},
        message="Requests limit exceeded",
    ),
    "zhipu-bad-key-in-200": _json({"error": {"code": "1002", "message": "Authorization Token非法"}}),
    "aws-expired-token": _json(
        {"__type": "com.amazon.coral.service#ExpiredTokenException", "message": "The token included has expired"}, 400
    ),
    "key-not-found": _json({"detail": "API key not found"}, 404),
    "siliconflow-no-balance": _json({"code": 30001, "message": "Sorry, your account balance is insufficient"}, 403),
    "litellm-over-budget": _error(
        429, message="User: a, exceeded budget for model=m", type="budget_exceeded", code="429"
    ),
    "volcengine-paused": _error(
        429, message="Your account has reached the set inference limit for the model", code="SetLimitExceeded"
    ),
    "zhipu-five-hours": _error(
        429, message="已达到 5 小时的使用上限。您的限额将在 2099-01-01 10:00:00 重置。", code="1308"
    ),
    "google-not-enabled": _google(
        403, "PERMISSION_DENIED", "Generative Language API has not been used in project 1 before or it is disabled."
    ),
    "google-retired": _google(400, "FAILED_PRECONDITION", "Publisher Model `models/gemini-1.0-pro` was not found"),
    "lm-studio-no-model": _json({"error": "No models loaded. Please load a model in the developer page."}, 400),
    "bedrock-end-of-life": _json({"message": "This model version has reached the end of its life."}, 400),
    "firewall-page": _text("<html><head><title>Just a moment...</title></head></html>", "text/html", 403),
    "network-login": _text("<html><title>Network Authentication Required</title></html>", "text/html", 511),
    "text-completion": _json({"choices": [{"text": "The answer is A.", "index": 0, "finish_reason": "stop"}]}),
    "openai-gpt-5": _refusing(
        "temperature",
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
        "unsupported_value",
    ),
}
"""What every call meets, so that the run cannot go on."""

_FINE: dict[str, Respond] = {
    "openai-o3": _refusing(
        "max_tokens",
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "unsupported_parameter",
    ),
    "byte-order-mark": _raw(b"\xef\xbb\xbf" + orjson.dumps(completion())),
    "nan": _raw(orjson.dumps(completion())[:-1] + b', "logprob": NaN}'),
    "lone-surrogate": _raw(orjson.dumps(completion("The answer is A. @")).replace(b"@", rb"\ud83d")),
    "cut-character": _raw(orjson.dumps(completion("The answer is A. @")).replace(b"@", b"\xe2\x82")),
    "harmony": _json(
        completion(
            "<|channel|>analysis<|message|>It may be B.<|end|><|start|>assistant<|channel|>final<|message|>"
            "The answer is A.<|return|>"
        )
    ),
    "one-content-object": _json(completion() | {"choices": [_choice({"type": "text", "text": "The answer is A."})]}),
    "harmony-bare": _json(completion("analysisIt may be B.assistantfinalThe answer is A.")),
}
"""What every call meets, and is answered."""

_NO_ANSWER: dict[str, Respond] = {
    "only-reasoning": _json(completion(None, reasoning_content="The star is red, so the answer is A.")),
    "gemini-safety": _json(completion(None, "SAFETY")),
    "gemini-recitation": _json(completion("", "content_filter: RECITATION")),
    "null-message": _json(
        completion() | {"choices": [{"index": 0, "message": None, "finish_reason": "PROHIBITED_CONTENT"}]}
    ),
    "deepseek-risk": _error(400, message="Content Exists Risk"),
    "anthropic-blocked": _error(400, message="Output blocked by content filtering policy"),
    "alibaba-inspection": _error(
        400, message="Input data may contain inappropriate content.", code="data_inspection_failed"
    ),
}
"""What every call meets: a reply, but no answer."""

_ONE_CALL: dict[str, Respond] = {
    "no-choices": _json(completion() | {"choices": []}),
    "choices-null": _json(completion() | {"choices": None}),
    "gemini-blocked": _json({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
    "baidu-filter-in-200": _json({"error_code": 336104, "error_msg": "the message contains sensitive content"}),
    "xai-guidelines": _json({"code": "No permission", "error": "Content violates usage guidelines."}, 403),
    "volcengine-picture": _error(400, message="Cannot process the input image.", code="InputImageRiskDetection"),
    "mistral-guardrail": _json({"message": "Triggered", "type": "guardrail_violation"}, 403),
    "litellm-policy": _error(400, message="litellm.ContentPolicyViolationError: AzureException", code="400"),
    "always-500": _error(500, message="Internal server error"),
    "too-large-429": _error(429, message=_TOO_LARGE, type="tokens", code="rate_limit_exceeded"),
    "too-large-413": _error(413, message=_TOO_LARGE, type="tokens", code="rate_limit_exceeded"),
    "firewall-403": _text("<html><title>Attention Required</title>You have been blocked</html>", "text/html", 403),
    "bad-picture": _error(400, message="You uploaded an unsupported image.", code="invalid_image_format"),
}
"""What some calls meet while the others are answered."""

PROVIDERS: Mapping[str, Respond] = {**_EVERY_CALL, **_FINE, **_NO_ANSWER, **_ONE_CALL}
"""The reply of each situation, for `Behaviour.reply`."""
