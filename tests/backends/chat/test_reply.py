from __future__ import annotations

from contextlib import suppress

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.backends.chat import reply as reading
from prism_engine.backends.chat.refusal import Endpoint, read_refusal
from prism_engine.backends.chat.reply import model_ids
from prism_engine.errors import BackendError, DeadError, NoCompletionError, RejectedError, TransientError
from prism_engine.records import Outcome, Usage

AT = Endpoint("https://api.example/v1", "some-model", "SOME_KEY")


def read_reply(raw, *, from_reasoning=False):
    return reading.read_reply(raw, {}, AT, from_reasoning=from_reasoning)


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


@pytest.mark.parametrize(
    ("finish", "message"),
    [
        ("SAFETY", {"content": None}),
        ("content_filter: RECITATION", {"content": ""}),
        ("PROHIBITED_CONTENT", {"content": "half a"}),
        ("guardrail_intervened", {"content": "Sorry."}),
        ("IMAGE_SAFETY", None),
    ],
)
def test_a_filter_has_many_names(finish, message):
    done = read_reply(orjson.dumps({"choices": [{"message": message, "finish_reason": finish}]}))
    assert done.outcome is Outcome.REFUSED
    assert finish in done.detail


def test_the_verdicts_of_a_filter_count_without_a_finish_reason():
    choice = {"message": {"content": ""}, "finish_reason": "stop"}
    for filtered, outcome in ((True, Outcome.REFUSED), (False, Outcome.EMPTY)):
        results = {"hate": {"filtered": False}, "violence": {"filtered": filtered, "severity": "high"}}
        done = read_reply(orjson.dumps({"choices": [choice | {"content_filter_results": results}]}))
        assert done.outcome is outcome


def test_a_null_message_with_another_finish_reason_is_empty_and_named():
    done = read_reply(orjson.dumps({"choices": [{"message": None, "finish_reason": "MALFORMED_FUNCTION_CALL"}]}))
    assert done.outcome is Outcome.EMPTY
    assert "MALFORMED_FUNCTION_CALL" in done.detail


def test_a_rate_limit_without_a_status_is_one():
    raw = orjson.dumps({"base_resp": {"status_code": 1002, "status_msg": "rate limit exceeded(RPM)"}, "choices": None})
    with pytest.raises(TransientError) as info:
        read_reply(raw)
    assert info.value.rate_limited


def test_a_call_of_a_tool_is_no_answer_and_named():
    done = read_reply(reply(None, "tool_calls", message={"tool_calls": [{"id": "c"}]}))
    assert done.outcome is Outcome.EMPTY
    assert "calls a tool" in done.detail


@pytest.mark.parametrize("finish", ["model_context_window_exceeded", "max_completion_tokens", "MAX_TOKENS"])
def test_a_full_context_or_limit_under_any_name_truncates(finish):
    assert read_reply(reply("Perhaps", finish)).outcome is Outcome.TRUNCATED


def test_a_limit_used_up_before_any_text_is_named():
    assert "raise it" in read_reply(reply(None, "length")).detail


def test_the_finish_reason_of_the_provider_behind_a_gateway_counts():
    choice = {"message": {"content": ""}, "finish_reason": "stop", "native_finish_reason": "SAFETY"}
    assert read_reply(orjson.dumps({"choices": [choice]})).outcome is Outcome.REFUSED


@pytest.mark.parametrize("extra", [{}, {"prompt_feedback": {"block_reason": "SAFETY"}}])
def test_a_reply_without_choices_is_a_blocked_prompt(extra):
    done = read_reply(orjson.dumps({"id": "x", "choices": [], "usage": {"prompt_tokens": 7}, **extra}))
    assert (done.outcome, done.usage.prompt_tokens) == (Outcome.REFUSED, 7)
    assert extra.get("prompt_feedback", {}).get("block_reason", "") in done.detail


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"<!doctype html><title>Open WebUI</title>", "web page.*often ends in /v1.*Open WebUI"),
        (b'data: {"choices": []}\n\n', "event stream"),
        (b": ping\n\n", "event stream"),
        (b'{"error": "Unexpected endpoint"}', "Unexpected endpoint"),
        (b'{"message": "hello"}', "hello"),
        (b"ok", "ok"),
        (b"", "nothing"),
    ],
)
def test_a_whole_response_that_is_no_completion_says_what_it_is(raw, words):
    with pytest.raises(NoCompletionError, match=words):
        read_reply(raw)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "User not found.", "code": 401}, DeadError),
        ({"message": "pay", "code": "402"}, DeadError),
        ({"message": "no such model", "code": 404}, DeadError),
        ({"message": "bad picture", "type": "invalid_request_error"}, RejectedError),
        ({"message": "busy", "type": "overloaded_error"}, TransientError),
    ],
)
def test_an_error_in_a_success_is_what_its_code_says(error, kind):
    for body in ({"error": error}, {"error": error, "choices": []}, {"choices": [{"error": error, "message": None}]}):
        with pytest.raises(BackendError) as caught:
            read_reply(orjson.dumps(body))
        assert type(caught.value) is kind


def test_a_rate_limit_in_a_success_is_a_rate_limit():
    with pytest.raises(TransientError) as caught:
        read_reply(b'{"error": {"code": 429, "message": "slow down", "metadata": {"retry_after_seconds": 3}}}')
    assert (caught.value.rate_limited, caught.value.retry_after) == (True, 3)


def test_text_that_is_only_in_the_reasoning_is_named_and_read_on_request():
    raw = reply(None, message={"reasoning_content": "It is B."})
    assert "reasoning_content holds 8 characters" in read_reply(raw).detail
    assert "read_reasoning" in read_reply(raw).detail
    done = read_reply(raw, from_reasoning=True)
    assert (done.outcome, done.text, done.reasoning) == (Outcome.OK, "It is B.", "")
    assert read_reply(reply("A", message={"reasoning_content": "B"}), from_reasoning=True).text == "A"
    cut = read_reply(reply(None, "length", message={"reasoning_content": "It may be"}), from_reasoning=True)
    assert (cut.outcome, cut.text) == (Outcome.TRUNCATED, "")


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


def test_model_ids_are_listed():
    assert model_ids(b'{"data": [{"id": "a"}, {"id": "b"}]}') == ["a", "b"]
    with pytest.raises(TransientError):
        model_ids(b"[]")


@pytest.mark.parametrize(
    ("reported", "count"),
    [
        (20_000, 20_000),
        (20_000.0, 20_000),
        (12.5, 13),
        ("20000", 20_000),
        (2**63, 2**63 - 1),
        ("9" * 5000, 2**63 - 1),
        (1e300, 2**63 - 1),
        (-7, -7),
        (True, None),
        ("-7", None),
        ("many", None),
        ("\u0665", None),
        (None, None),
        ([], None),
    ],
)
def test_a_reported_count_is_a_whole_number_of_at_most_64_bits_or_nothing(reported, count):
    assert read_reply(reply(usage={"completion_tokens": reported})).usage.completion_tokens == count
