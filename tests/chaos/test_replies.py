from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.chaos.behaviour import RetryAfter
from prism_engine.chaos.replies import TOKENS_PER_IMAGE, UNLIMITED, computed, parsed, prompt_tokens, wait_headers
from tests.chaos.client import body_of


def test_a_picture_is_a_thousand_tokens_however_many_bytes_it_has():
    def tokens(size):
        picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * size}}
        return prompt_tokens({"messages": [{"role": "user", "content": [picture, {"type": "text", "text": "What?"}]}]})

    assert tokens(10) == tokens(10**6)
    assert TOKENS_PER_IMAGE < tokens(10) < TOKENS_PER_IMAGE + 100


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=200), st.none() | st.integers(1, 300))
def test_a_text_never_exceeds_its_limit_and_a_full_length_text_reaches_it(text, limit):
    body = body_of() if limit is None else body_of(max_tokens=limit)
    reply = computed(body, text)
    assert limit is None or reply.completion_tokens <= limit
    full = computed(body, text, full_length=True)
    assert full.completion_tokens == (limit or UNLIMITED)
    said = full.body["choices"][0]["message"]["content"]
    assert len(said.split()) == full.completion_tokens == full.body["usage"]["completion_tokens"]


def test_both_names_of_the_limit_work_and_a_text_cut_at_it_says_so():
    for name in ("max_tokens", "max_completion_tokens"):
        (choice,) = computed(body_of(**{name: 2}), "one two three").body["choices"]
        assert (choice["message"]["content"], choice["finish_reason"]) == ("one two", "length")


@pytest.mark.parametrize(
    "request_",
    [[], {}, {"messages": []}, {"messages": ["hi"]}, body_of(max_tokens=0), body_of(max_tokens="9"), "hi"],
)
def test_an_invalid_request_is_none(request_):
    assert parsed(orjson.dumps(request_)) is None
    assert parsed(b"{half") is None


def test_a_refusal_names_its_time_in_every_style_of_providers():
    assert wait_headers(RetryAfter.SECONDS, 6.2, 0) == {"Retry-After": "7"}
    assert wait_headers(RetryAfter.MS, 6.2, 0) == {"retry-after-ms": "6200"}
    assert wait_headers(RetryAfter.NONE, 6.2, 0) == {}
    assert wait_headers(None, 6.2, 0) == {}
    assert wait_headers("soon", 6.2, 0) == {"Retry-After": "soon"}
    assert wait_headers(RetryAfter.SECONDS, None, 0) == {}  # no time would help
    before = time.time()
    (date,) = wait_headers(RetryAfter.DATE, 6.2, 0).values()
    assert before + 6.2 <= parsedate_to_datetime(date).timestamp() <= time.time() + 7.2
    mixed = [next(iter(wait_headers(RetryAfter.MIXED, 1.0, earlier)), None) for earlier in range(8)]
    assert mixed == ["Retry-After", "Retry-After", "retry-after-ms", None] * 2


def test_hidden_reasoning_is_reported_and_billed_in_addition_to_the_limit():
    reply = computed(body_of(max_tokens=100), "one two", hidden=40)
    assert reply.completion_tokens == reply.body["usage"]["completion_tokens"] == 4002
    assert reply.body["usage"]["completion_tokens_details"] == {"reasoning_tokens": 4000}
