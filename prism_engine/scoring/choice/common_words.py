"""Tells options whose text is a common word ("one", "left", "right") from the word in other uses."""

from __future__ import annotations

import re
from typing import Final

_NO_MENTION: Final = {
    "one": (
        (
            r"\b(?:the|this|that|these|which|what|\w+th|first|second|third|last|an?other|other|next|latter"
            r"|former|each|no|any"
            r"|every|some|best|right|correct|wrong|left|middle|an? [\w-]+|(?:the|this|that) [\w-]+) $"
        ),
        (
            r" (?:of|that|which|who|is|was|could|can|can't|cannot|may|might|must|should|would|needs|sees|option|answer"
            r"|thing|reason|way|more|another|has|moment|second|minute|at a time|by one)\b"
        ),
    ),
    "left": (
        (
            r"\b(?:nothing|anything|options?|who|which|that is|what is|what's|are|only|one|have|has|been|be|he"
            r"|she|they|we"
            r"|person|man|woman|people|just|already) $"
        ),
        (
            r" (?:over|to (?:say|do|choose|consider)|out|behind|alone|blank|with|me|us|is|are|before|after"
            r"|early|un\w+)\b"
        ),
    ),
    "right": (
        r"(?:\b(?:you're|you are|that's|that is|all|am|i'm|quite|sounds|seems|be|are|not) |[.!?\n] ?|^)$",
        r"(?: (?:away|now|here|there|answer|option|choice|one|before|after|or wrong)\b|, (?=[a-z]))",
    ),
    "may": (r"\b(?:it|you|he|she|we|they|i|this|that|there|which|who|one) $", r" (?:be|have|not|i|we|also|well)\b"),
    "march": (r"\b(?:the|to|a|they|people|soldiers) $", r" (?:in|on|through|to|along|past)\b"),
}
"""Around which words these texts of options are no mention of the option: "the first one", "you're right"."""


def is_mention(text: str, found: re.Match[str]) -> bool:
    """Whether an option's text is meant, not a common word: "the first one", "you're right"."""
    before, after = _NO_MENTION.get(found["text"], ("", ""))
    start, end = found.span("text")
    return not before or not (
        re.search(before, text[max(0, start - 30) : start]) or re.match(after, text[end : end + 30])
    )
