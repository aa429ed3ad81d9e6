"""Upper bound on a prompt's tokens, computed before it is sent and without the model's tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prism_engine.records import Call

REQUEST_TOKENS = 256
"""Maximum tokens that a chat template adds to a conversation: start tokens, its own system prompt, a date."""
MESSAGE_TOKENS = 16
"""Maximum tokens that it adds to each message."""


def text_bytes(call: Call) -> int:
    """Return the length of a call's text in UTF-8 (bytes)."""
    return call.text_bytes


def prompt_bound(call: Call, *, image_tokens: int, extra_bytes: int = 0) -> int:
    """Return a number of tokens that the prompt cannot exceed.

    Every token stands for at least one byte of text, so the number of bytes is a bound. It is about four times too
    high for English, which costs nothing, because the difference is released when the reply arrives.

    Args:
        image_tokens: the most tokens that the provider counts for one image.
        extra_bytes: length of additional request fields that may become part of the prompt.
    """
    return (
        text_bytes(call)
        + extra_bytes
        + REQUEST_TOKENS
        + MESSAGE_TOKENS * len(call.messages)
        + image_tokens * len(call.images)
    )
