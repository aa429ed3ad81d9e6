"""The prompts that ask a question: with a description, without one, or with the pictures themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prism_engine.records import Message
from prism_engine.scoring import SCORERS

if TYPE_CHECKING:
    from prism_engine.records import Part, Sample

_ROLE = (
    "You are answering a question about an image that you cannot see. Someone who saw it wrote the description "
    "below; base your answer on it."
)
_BLIND_ROLE = (
    "You are answering a question about an image that you cannot see, and nobody has described it to you. Answer all "
    "the same: give the answer that you find most likely."
)
_CHOOSE = "Select the correct answer from the options above and reply with its letter."
_TAG = re.compile(r"<image (\d{1,3})>")
"""A question's reference to one of its pictures."""


def question_text(sample: Sample) -> str:
    """Return the question, the hint, the lettered options, and the request for a letter or of the answer kind."""
    lines = [sample.question]
    if sample.hint:
        lines.append(f"Hint: {sample.hint}")
    if sample.options:
        lines.append("Options:")
        lines.extend(f"{option.letter}. {option.text}" for option in sample.options)
        lines.append(_CHOOSE)
    elif sample.kind is not None and (request := SCORERS[sample.kind].request):
        lines.append(request)
    text = "\n".join(lines)
    labelled = text.lower().startswith(("question:", "hint:"))
    return text if labelled else f"Question: {text}"


def reasoning_messages(sample: Sample, description: str | None) -> tuple[Message, ...]:
    """Return the reasoner's messages: role, description, question. The reasoner never sees a picture.

    Args:
        description: None if there is none; the role sentence then says so.
    """
    intro = _BLIND_ROLE if description is None else f"{_ROLE}\n\nDescription:\n{description}"
    return (Message("user", (f"{intro}\n\n{question_text(sample)}",)),)


def direct_messages(sample: Sample) -> tuple[Message, ...]:
    """Return the messages for a VLM that answers directly: the pictures in order, then the question.

    A picture that the question refers to (`<image 2>`) is placed there, as in MMMU, and not in front.
    """
    text = question_text(sample)
    pieces = _TAG.split(text)  # text, number, text, number, ..., text
    parts: list[Part] = []
    mentioned = set()
    for index, piece in enumerate(pieces):
        number = int(piece) if index % 2 else 0
        if 1 <= number <= len(sample.images):
            mentioned.add(number)
            parts.append(sample.images[number - 1])
        elif index % 2:  # no such picture: keep the words
            parts.append(f"<image {piece}>")
        elif piece:
            parts.append(piece)
    others = [image for number, image in enumerate(sample.images, start=1) if number not in mentioned]
    return (Message("user", (*others, *(parts if mentioned else [text]))),)
