"""Refusals of named providers: what they concern, whether to ask again, and what they say."""

from __future__ import annotations

import time
from dataclasses import replace

import orjson
import pytest

from prism_engine.backends.chat.refusal import LONGEST_WAIT, Endpoint, UnsupportedFieldError, read_refusal
from prism_engine.errors import BackendError, DeadError, RejectedError, TransientError
from prism_engine.records import Outcome

AT = Endpoint("https://api.example/v1", "some-model", "SOME_KEY")


def refusal(status, error=None, headers=None, raw=None, at=AT):
    return read_refusal(status, headers or {}, orjson.dumps({"error": error}) if raw is None else raw, at)


def caught(status, error=None, **facts):
    with pytest.raises(BackendError) as found:
        refusal(status, error, **facts)
    return found.value


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, {"message": "slow down", "code": "rate_limit_exceeded"}, TransientError),
        (429, {"message": "pay first", "code": "insufficient_quota"}, DeadError),
        (429, {"message": "pay first", "type": "insufficient_quota"}, DeadError),
        (402, {"message": "Insufficient Balance"}, DeadError),
        (408, None, TransientError),
        (409, None, TransientError),
        (425, None, TransientError),
        (500, None, TransientError),
        (503, "overloaded", TransientError),
        (529, None, TransientError),
        (401, {"message": "bad key"}, DeadError),
        (403, {"message": "not your model"}, DeadError),
        (404, {"message": "no such model"}, DeadError),
        (405, None, DeadError),
        (400, {"message": "Model Not Exist", "code": "invalid_request_error"}, DeadError),
        (307, None, DeadError),
        (400, {"message": "too long", "code": "context_length_exceeded"}, RejectedError),
        (413, None, RejectedError),
        (422, {"message": "what?"}, RejectedError),
    ],
)
def test_each_status_gives_the_right_kind_of_error(status, error, kind):
    with pytest.raises(BackendError) as caught:
        refusal(status, error)
    assert type(caught.value) is kind
    if isinstance(error, dict) and status >= 400:
        assert error["message"] in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"message": "filtered", "code": "content_filter"}),
        (400, {"message": "filtered", "code": None, "innererror": {"code": "ResponsibleAIPolicyViolation"}}),
        (403, {"message": "your input was flagged", "code": 403}),
    ],
)
def test_a_content_filter_that_answers_with_an_error_gives_a_refused_completion(status, error):
    done = refusal(status, error)
    assert done.outcome is Outcome.REFUSED
    assert error["message"] in done.detail


@pytest.mark.parametrize(
    ("status", "hints"),
    [(401, ["SOME_KEY", AT.url]), (404, [AT.url, "'some-model'", "/v1"]), (308, [AT.url, "base_url"])],
)
def test_the_error_of_a_dead_endpoint_names_it_and_the_fix(status, hints):
    with pytest.raises(DeadError) as caught:
        refusal(status)
    assert all(hint in str(caught.value) for hint in hints)


def test_a_long_message_is_trimmed():
    with pytest.raises(RejectedError) as caught:
        refusal(400, {"message": "x" * 10_000})
    assert 300 <= len(str(caught.value)) < 350


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"message": "flat", "code": 400}', "flat"),
        (b'{"detail": [{"loc": ["body"], "msg": "field required"}]}', "field required"),
        (b"<h1>Bad\n gateway</h1>", "Bad gateway"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_server_s_message_is_found_wherever_it_is(raw, words):
    with pytest.raises(RejectedError, match=f"HTTP 400: .*{words}"):
        refusal(400, raw=raw)


def test_a_rate_limit_is_distinguished_from_a_server_error():
    with pytest.raises(TransientError) as limited:
        refusal(429, headers={"Retry-After": "7"})
    with pytest.raises(TransientError) as failed:
        refusal(503, headers={"Retry-After": "8"})
    assert (limited.value.rate_limited, limited.value.retry_after) == (True, 7)
    assert (failed.value.rate_limited, failed.value.retry_after) == (False, 8)


@pytest.mark.parametrize("status", [429, 503])
def test_an_error_that_names_no_time_leaves_the_wait_open(status):
    for headers in ({}, {"Retry-After": "soon"}):
        with pytest.raises(TransientError) as caught:
            refusal(status, headers=headers)
        assert caught.value.retry_after is None


def test_a_server_that_asks_to_wait_for_hours_stops_the_run_instead_of_making_it_sleep():
    with pytest.raises(DeadError, match="120 minutes"):
        refusal(429, headers={"Retry-After": "7200"})
    with pytest.raises(TransientError):
        refusal(429, headers={"Retry-After": str(LONGEST_WAIT)})


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (400, "API key not valid. Please pass a valid API key.", "API key refused"),
        (400, "Incorrect API key provided: sk-x", "API key refused"),
        (400, "Your credit balance is too low to access the API", "no quota or credit left"),
        (403, "Account suspended for unpaid invoices", "closed or suspended"),
        (400, "This organization has been permanently disabled.", "closed or suspended"),
        (403, "Your team has either used all available credits or reached its monthly spending limit.", "no quota"),
        (400, "This organization has been disabled.", "suspended"),
        (400, "User location is not supported for the API use.", "country or region"),
        (400, "The model `x` has been decommissioned and is no longer supported.", "no longer offers"),
        (400, "x is not a valid model ID", "does not know"),
        (400, "default chat template is no longer allowed, so you must provide a chat template", "--chat-template"),
    ],
)
def test_words_alone_tell_trouble_of_every_call_from_that_of_one(status, message, words):
    error = caught(status, {"message": message})
    assert type(error) is DeadError
    assert words in str(error)
    assert message in str(error)


@pytest.mark.parametrize(
    "message",
    [
        "The image model could not be read: picture not found",
        "messages.0: provide an image in your region of interest",
        "Invalid model output requested",
    ],
)
def test_once_calls_were_answered_words_alone_concern_their_call(message):
    assert type(caught(400, {"message": message}, at=replace(AT, answered=True))) is RejectedError


def test_credit_that_runs_out_later_ends_the_run_too():
    error = caught(400, {"message": "Your credit balance is too low"}, at=replace(AT, answered=True))
    assert type(error) is DeadError


@pytest.mark.parametrize(
    ("message", "param", "field", "fix"),
    [
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'",
            "max_tokens",
            "max_tokens",
            "`max_tokens_field: max_completion_tokens`",
        ),
        (
            "Unrecognized request argument supplied: max_completion_tokens",
            None,
            "max_completion_tokens",
            "`max_tokens_field: max_tokens`",
        ),
        (
            "Unsupported value: 'temperature' does not support 0 with this model.",
            "temperature",
            "temperature",
            "`send_sampling: false`",
        ),
        (
            "`temperature` and `top_p` cannot both be specified for this model.",
            None,
            "temperature",
            "`send_sampling: false`",
        ),
        (
            "litellm.UnsupportedParamsError: openai does not support parameters: ['temperature'], for model=o3.",
            None,
            "temperature",
            "`send_sampling: false`",
        ),
        ("Unknown parameter: 'seed'", None, "seed", "`send_sampling: false`"),
        ("Unsupported parameter: 'reasoning_effort'", "reasoning_effort", "reasoning_effort", "`extra_body`"),
        (
            "Unsupported parameter: 'stop' is not supported with this model.",
            "stop",
            "stop",
            "leave out `stop` in the run file",
        ),
    ],
)
def test_a_field_that_is_not_accepted_is_named_with_the_fix(message, param, field, fix):
    at = replace(AT, extra_fields=frozenset({"reasoning_effort"}))
    error = caught(400, {"message": message, "param": param}, at=at)
    assert isinstance(error, UnsupportedFieldError)
    assert error.field == field
    assert fix in str(error)


def test_a_field_in_a_list_of_mistakes_is_found_and_the_echoed_prompt_is_not_read():
    detail = [
        {
            "type": "extra_forbidden",
            "loc": ["body", "seed"],
            "msg": "Extra inputs are not permitted",
            "input": "invalid api key, credit balance",
        }
    ]
    error = caught(422, raw=orjson.dumps({"detail": detail}))
    assert isinstance(error, UnsupportedFieldError)
    assert error.field == "seed"


@pytest.mark.parametrize(
    "message",
    ["Pictures are not supported. Stop sending them", "max_tokens is too large: 5000. At most 4096 are supported"],
)
def test_other_words_about_support_are_no_field(message):
    assert type(caught(400, {"message": message})) is RejectedError


TOO_LARGE = "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 36121."


@pytest.mark.parametrize(
    ("status", "message"),
    [(429, TOO_LARGE), (413, TOO_LARGE), (429, "Limit: 30,000, Used: 10, Requested: 36,121"), (413, "")],
)
def test_a_request_too_large_for_any_minute_is_rejected(status, message):
    assert type(caught(status, {"message": message, "code": "rate_limit_exceeded"})) is RejectedError


def test_an_ordinary_rate_limit_names_its_time_in_words():
    message = (
        "Rate limit reached on tokens per min (TPM): Limit 30000, Used 29000, Requested 1500. Please try again in 1.2s."
    )
    error = caught(429, {"message": message})
    assert (type(error), error.rate_limited, error.retry_after) == (TransientError, True, 1.2)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"error": {"message": "Please retry after 26 seconds."}}, 26),
        ({"error": {"message": "Please try again in 6m12.5s"}}, 372.5),
        ({"error": {"message": "try again in 340ms"}}, 0.34),
        ([{"error": {"code": 429, "details": [{"retryDelay": "34s"}]}}], 34),
        ({"error": {"message": '{"error": {"details": [{"retryDelay": "26s"}]}}', "code": 429}}, 26),
        ({"error": {"message": "Rate limited"}, "retry_after": 5}, 5),
        ({"error": {"message": "Rate limited"}}, None),
        ({"error": {"message": "try again in 99999999999999s", "code": 1}}, None),
    ],
)
def test_the_wait_is_found_in_the_body(body, seconds):
    assert caught(429, raw=orjson.dumps(body)).retry_after == seconds


@pytest.mark.parametrize("status", [498, 408, 499, 520, 529])
def test_a_lack_of_capacity_is_transient_and_no_rate_limit(status):
    error = caught(status, {"message": "capacity exceeded"})
    assert (type(error), error.rate_limited) == (TransientError, False)


def test_throttling_under_another_status_is_a_rate_limit():
    error = caught(400, raw=b'{"__type": "ThrottlingException", "message": "Too many requests"}')
    assert (type(error), error.rate_limited) == (TransientError, True)


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        ({"message": "slow"}, {"x-ratelimit-remaining-requests-day": "0", "x-ratelimit-reset-requests-day": "8h0m0s"}),
        (
            {"message": "slow"},
            {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "8h0m0s", "Retry-After": "2"},
        ),
        ({"message": "slow"}, {"Retry-After": "28800"}),
        ({"message": "Rate limit: requests per day (RPD): Limit 200, Used 200. Please try again in 7h12m0s."}, {}),
        (
            {
                "message": "free-models-per-day",
                "code": 429,
                "metadata": {
                    "headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str((time.time() + 28_800) * 1000)}
                },
            },
            {},
        ),
    ],
)
def test_a_quota_that_resets_in_hours_ends_the_run_and_says_when_to_come_back(error, headers):
    found = caught(429, error, headers=headers)
    assert type(found) is DeadError
    assert "run the same command again then (20" in str(found)
    assert "asks to wait for 8 hours" in str(found) or "7 hours" in str(found)


def test_a_daily_quota_without_a_time_ends_the_run():
    quota = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}
    details = [{"violations": [quota]}, {"retryDelay": "34s"}]
    nested = [{"error": {"status": "RESOURCE_EXHAUSTED", "message": "quota", "details": details}}]
    assert type(caught(429, raw=orjson.dumps(nested))) is DeadError
    error = caught(429, {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota", "details": details})
    assert type(error) is DeadError
    minute = [{"violations": [{"quotaId": "GenerateRequestsPerMinutePerProject"}]}, {"retryDelay": "34s"}]
    words = "You exceeded your current quota, please check your plan and billing details."
    error = caught(429, {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": words, "details": minute})
    assert (type(error), error.retry_after) == (TransientError, 34)


def test_a_list_of_all_limits_is_not_taken_for_the_daily_one():
    error = caught(429, {"message": "Limits: 20 requests per minute, 200 requests per day"})
    assert type(error) is TransientError


@pytest.mark.parametrize("status", [403, 404, 405, 410])
def test_what_is_forbidden_or_missing_concerns_one_call_once_another_was_answered(status):
    page = b"<html><title>Attention Required</title></html>"
    assert type(caught(status, raw=page, at=replace(AT, answered=True))) is RejectedError
    assert type(caught(status, raw=page)) is DeadError


def test_a_model_that_is_retired_later_ends_the_run():
    for error in ({"message": "The model m has been retired"}, {"message": "gone", "code": "model_not_found"}):
        assert type(caught(404, error, at=replace(AT, answered=True))) is DeadError


@pytest.mark.parametrize("wait", ["1e300", "99999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_wait_beyond_all_dates_ends_the_run_too(wait):
    assert type(caught(429, headers={"Retry-After": wait})) is DeadError


@pytest.mark.parametrize("location", ["http://[bad", "", "/login?next=1", "//me:pw@x/y#z", "\x1b[2J"])
def test_any_redirect_is_read(location):
    error = caught(302, headers={"Location": location})
    assert "base_url" in str(error)
    assert not {"\x1b", "?", "#", "@"} & set(str(error).partition("redirects")[2])


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 900 + b"]" * 900,
        b'{"error":' * 500 + b"1" + b"}" * 500,
        b"<script" * 5000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_hostile_bodies_are_read_quickly_and_without_a_crash(raw):
    assert type(caught(400, raw=raw)) is RejectedError


def test_a_redirect_names_its_target_without_secrets():
    error = caught(302, headers={"Location": "https://me:pw@login.example/sso?token=1"})
    assert "https://login.example/sso:" in str(error)
    assert "base_url" in str(error)


def test_messages_are_one_printable_line():
    error = caught(400, {"message": "a\x1b[2Jb\nc\u202ed\x00"})
    assert str(error) == "HTTP 400: a [2Jb c d"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": '{"error": {"message": "inner"}}'}}},
            "Provider returned error: inner",
        ),
        ({"errors": [{"message": "first"}]}, "first"),
        ({"fault": {"faultstring": "quota"}}, "quota"),
        ({"code": 1001, "msg": "bad"}, "bad"),
        ({"base_resp": {"status_code": 1004, "status_msg": "invalid params"}}, "invalid params"),
        ({"error": {"error": {"message": "deep"}}}, "deep"),
    ],
)
def test_a_message_is_found_however_deep_it_is(body, words):
    assert str(caught(400, raw=orjson.dumps(body))) == f"HTTP 400: {words}"


@pytest.mark.parametrize(
    ("status", "message", "field"),
    [
        (
            400,
            "messages.0.content.0.image.source.base64: image exceeds 5 MB maximum: 6 bytes > 5 bytes",
            "max_image_bytes",
        ),
        (400, "Image size is too large, max 20MB", "max_image_bytes"),
        (413, "the image is too big", "max_image_bytes"),
        (400, "messages.1: image dimensions exceed max allowed size: 8000 pixels", "max_image_side"),
        (422, "image_url: width must be at most 4096", "max_image_side"),
        (400, "You uploaded an unsupported image. Use one of the following formats: ['png']", "image_formats"),
        (400, "Invalid MIME type. Only image types are supported.", "image_formats"),
    ],
)
def test_a_refused_picture_names_the_field_that_has_it_converted(status, message, field):
    with pytest.raises(RejectedError, match=f"set `{field}` in its registry entry"):
        refusal(status, {"message": message})


@pytest.mark.parametrize(
    "message", ["The model does not support image input", "prompt exceeds the maximum length of 9"]
)
def test_other_refusals_name_no_field_for_pictures(message):
    assert "image_" not in str(caught(400, {"message": message})).replace(message, "")
