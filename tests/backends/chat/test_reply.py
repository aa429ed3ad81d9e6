from __future__ import annotations

from contextlib import suppress

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.backends.chat.reply import (
    LONGEST_WAIT,
    UNNAMED_WAIT,
    Endpoint,
    model_ids,
    read_refusal,
    read_reply,
)
from prism_engine.errors import BackendError, DeadError, RejectedError, TransientError
from prism_engine.records import Outcome, Usage

AT = Endpoint("https://api.example/v1", "some-model", "SOME_KEY")


def reply(content="Hello.", finish="stop", *, message=None, **top):
    message = {"role": "assistant", "content": content, **(message or {})}
    return orjson.dumps({"model": "m-1", "choices": [{"message": message, "finish_reason": finish}], **top})


def refusal(status, error=None, headers=None, raw=None):
    return read_refusal(status, headers or {}, orjson.dumps({"error": error}) if raw is None else raw, AT)


def test_a_whole_reply_is_read():
    details = {"prompt_tokens_details": {"cached_tokens": 3}, "completion_tokens_details": {"reasoning_tokens": 4}}
    done = read_reply(reply(usage={"prompt_tokens": 10, "completion_tokens": 5, **details}))
    assert (done.outcome, done.text, done.finish_reason, done.model) == (Outcome.OK, "Hello.", "stop", "m-1")
    assert done.usage == Usage(10, 5, 3, 4)


@pytest.mark.parametrize(
    ("content", "finish", "message", "outcome"),
    [
        ("text", "stop", {}, Outcome.OK),
        ("text", None, {}, Outcome.OK),
        ("text", "length", {}, Outcome.TRUNCATED),
        ("text", "model_length", {}, Outcome.TRUNCATED),
        ("part", "content_filter", {}, Outcome.REFUSED),
        (None, "stop", {"refusal": "I cannot help with that."}, Outcome.REFUSED),
        ("", "stop", {}, Outcome.EMPTY),
        (" \n", "stop", {}, Outcome.EMPTY),
        (None, "stop", {"reasoning": "Hm."}, Outcome.EMPTY),
        ("", "length", {}, Outcome.EMPTY),
        ("", "length", {"reasoning_content": "Let me see"}, Outcome.TRUNCATED),
    ],
)
def test_the_outcome_follows_from_the_text_and_the_finish_reason(content, finish, message, outcome):
    assert read_reply(reply(content, finish, message=message)).outcome is outcome


def test_a_reply_cut_while_reasoning_invisibly_is_truncated():
    usage = {"completion_tokens_details": {"reasoning_tokens": 512}}
    assert read_reply(reply("", "length", usage=usage)).outcome is Outcome.TRUNCATED


def test_a_refusal_says_why():
    assert read_reply(reply(None, message={"refusal": "No."})).detail == "No."
    filtered = read_reply(reply("So far", "content_filter"))
    assert filtered.text == "So far"
    assert "filter" in filtered.detail


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_is_separate_from_the_text(field):
    done = read_reply(reply(message={field: "Hm."}))
    assert (done.text, done.reasoning) == ("Hello.", "Hm.")


def test_a_list_of_parts_is_joined():
    assert read_reply(reply([{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}])).text == "Hello"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"<html>gateway</html>",
        reply()[:-20],
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": [{"message": null}]}',
        b'{"error": {"message": "overloaded", "code": 502}}',
        reply("half", "abort"),
        reply("half", "insufficient_system_resource"),
    ],
)
def test_an_incomplete_reply_is_a_transient_error(raw):
    with pytest.raises(TransientError):
        read_reply(raw)


def test_an_error_inside_a_successful_response_is_quoted():
    with pytest.raises(TransientError, match="overloaded"):
        read_reply(b'{"error": {"message": "overloaded", "code": 502}}')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "message",
                    "content",
                    "text",
                    "finish_reason",
                    "usage",
                    "prompt_tokens",
                    "error",
                    "code",
                    "data",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(JSON.map(orjson.dumps) | st.binary(max_size=50), st.integers(300, 599))
def test_any_body_gives_a_completion_or_a_typed_error(raw, status):
    for read in (
        lambda: read_reply(raw),
        lambda: read_reply(orjson.dumps({"choices": [{"message": {"content": orjson.Fragment(raw)}}]})),
        lambda: refusal(status, raw=raw),
        lambda: model_ids(raw),
    ):
        with suppress(BackendError):
            read()


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
        (b"<h1>Bad\n gateway</h1>", "<h1>Bad gateway</h1>"),
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


def test_a_rate_limit_that_names_no_time_gets_a_default_and_a_server_error_does_not():
    for headers in ({}, {"Retry-After": "soon"}):
        with pytest.raises(TransientError) as limited:
            refusal(429, headers=headers)
        assert limited.value.retry_after == UNNAMED_WAIT
    with pytest.raises(TransientError) as failed:
        refusal(503)
    assert failed.value.retry_after is None


def test_a_rate_limit_that_names_no_time_but_resets_sooner_is_waited_for_until_then():
    for reset, seconds in (("2s", 2), ("6m0s", UNNAMED_WAIT)):
        with pytest.raises(TransientError) as limited:
            refusal(429, headers={"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": reset})
        assert limited.value.retry_after == seconds


def test_a_server_that_asks_to_wait_for_hours_stops_the_run_instead_of_making_it_sleep():
    with pytest.raises(DeadError, match="120 minutes"):
        refusal(429, headers={"Retry-After": "7200"})
    with pytest.raises(TransientError):
        refusal(429, headers={"Retry-After": str(LONGEST_WAIT)})


def test_model_ids_are_listed():
    assert model_ids(b'{"data": [{"id": "a"}, {"id": "b"}]}') == ["a", "b"]
    with pytest.raises(TransientError):
        model_ids(b"[]")
