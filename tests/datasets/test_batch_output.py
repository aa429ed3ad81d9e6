"""Replies in a provider's batch output."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.datasets.batch_output import batch_record, is_batch_output


def chat(content):
    body = {"choices": [{"message": {"role": "assistant", "content": content}}]}
    return {"id": "b1", "custom_id": "7", "response": {"status_code": 200, "body": body}, "error": None}


@pytest.mark.parametrize(
    "row",
    [
        chat("A cat."),
        chat([{"type": "text", "text": "A "}, {"type": "text", "text": "cat."}]),
        {"custom_id": "7", "response": {"status_code": 200, "body": {"choices": [{"text": "A cat."}]}}},
        {
            "custom_id": "7",
            "response": {
                "body": {
                    "output": [
                        {"type": "reasoning"},
                        {"type": "message", "content": [{"type": "output_text", "text": "A cat."}]},
                    ]
                }
            },
        },
        {
            "custom_id": "7",
            "result": {"type": "succeeded", "message": {"content": [{"type": "text", "text": "A cat."}]}},
        },
        {"key": "7", "response": {"candidates": [{"content": {"parts": [{"text": "A cat."}]}}]}},
    ],
)
def test_each_provider_s_reply_is_read(row):
    assert is_batch_output(row)
    assert batch_record(row) == {"index": "7", "description": "A cat."}


@pytest.mark.parametrize(
    "row",
    [
        chat(None),
        chat(" "),
        {"custom_id": "7", "response": None, "error": {"code": "batch_expired"}},
        {"custom_id": "7", "response": {"status_code": 429, "body": {"choices": [{"text": "x"}]}}},
        {"custom_id": "7", "response": {"status_code": 200, "body": {"error": {"code": 1}}}},
        {"custom_id": "7", "result": {"type": "errored", "error": {}}},
    ],
)
def test_a_failed_request_has_no_reply(row):
    assert is_batch_output(row)
    assert batch_record(row) == {"index": "7", "description": None}


def test_several_replies_stay_several():
    row = {"custom_id": "7", "response": {"body": {"choices": [{"text": "x"}, {"text": "y"}]}}}
    assert batch_record(row)["description"] == ["x", "y"]


@pytest.mark.parametrize("row", [{"index": 1, "response": "x"}, {"custom_id": 1, "response": "x"}, {"response": {}}])
def test_other_tables_are_left_alone(row):
    assert not is_batch_output(row)


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "text", "output", "body", "candidates", "parts"]), inner
        )
    ),
    max_leaves=15,
)


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries({"custom_id": JSON, "response": JSON}))
def test_any_line_is_read_without_an_error(row):
    if is_batch_output(row):
        assert set(batch_record(row)) == {"index", "description"}
