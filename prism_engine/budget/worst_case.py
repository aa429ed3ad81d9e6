"""How many tokens a prompt can have at most, known before it is sent and without the model's tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prism_engine.records import Call

REQUEST_TOKENS = 256
"""What a chat template may put around a conversation: beginnings, a system prompt of its own, a date."""
MESSAGE_TOKENS = 16
"""What it may put around each message."""


def text_bytes(call: Call) -> int:
    """Return the length of all text of a call in UTF-8."""
    parts = (part for message in call.messages for part in message.parts)
    return sum(len(part.encode("utf-8", "surrogatepass")) for part in parts if isinstance(part, str))


def prompt_bound(call: Call, *, image_tokens: int, extra_bytes: int = 0) -> int:
    """Return a number of tokens that the prompt cannot exceed.

    Every token stands for at least one byte of the text, so its bytes are such a number; about four times too many for
    English, which costs nothing, because the difference is free again when the reply is there.

    Args:
        image_tokens: the most that the provider counts for one picture.
        extra_bytes: length of further fields of the request that may become part of the prompt.
    """
    return (
        text_bytes(call)
        + extra_bytes
        + REQUEST_TOKENS
        + MESSAGE_TOKENS * len(call.messages)
        + image_tokens * len(call.images)
    )
