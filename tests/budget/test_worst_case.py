from __future__ import annotations

from pathlib import Path

from prism_engine.budget.worst_case import MESSAGE_TOKENS, REQUEST_TOKENS, prompt_bound, text_bytes
from prism_engine.records import Call, Image, Message, ModelIdentity, Sampling


def call(*parts):
    messages = (Message("system", ("Be brief.",)), Message("user", parts))
    return Call("reason", ModelIdentity("m", ()), messages, Sampling(max_tokens=10))


def test_every_byte_of_text_may_be_a_token():
    assert text_bytes(call("four", "€")) == 9 + 4 + 3
    assert text_bytes(call("\ud800")) == 9 + 3
    fixed = REQUEST_TOKENS + 2 * MESSAGE_TOKENS
    assert prompt_bound(call("four"), image_tokens=1000) == 13 + fixed


def test_images_and_additional_fields_count_with_their_given_sizes():
    picture = Image("ab" * 32, Path("x.png"))
    plain = prompt_bound(call("four"), image_tokens=1000)
    assert prompt_bound(call(picture, "four", picture), image_tokens=1000) == plain + 2000
    assert prompt_bound(call("four"), image_tokens=1000, extra_bytes=50) == plain + 50
