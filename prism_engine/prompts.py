"""The words that models are given: perception instructions and the reasoner's prompt.

The structure follows Prism (arXiv:2406.14544, sections 2.2-2.3, figure 8): the picture comes before the instruction;
the reasoner sees a role sentence, the description, then the question with its options. Who answers from the pictures
sees them and the same question. The wording is our own.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from prism_engine.errors import ConfigError
from prism_engine.records import AnswerKind, Image, Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import Part, Sample

INSTRUCTIONS: dict[str, str] = {
    "generic": (
        "Describe this image in full detail: every object with its appearance and position, how the objects relate "
        "to one another, any text or numbers, and the setting as a whole."
    ),
}
"""Built-in perception instructions by name."""

_ROLE = (
    "You are answering a question about an image that you cannot see. Someone who saw it wrote the description "
    "below; base your answer on it."
)
_BLIND_ROLE = (
    "You are answering a question about an image that you cannot see, and nobody has described it to you. Answer all "
    "the same: give the answer that you find most likely."
)
_OBSERVE = "Name the contents of the image that must be observed to answer the last question. Do not answer it."
_CUE = "Contents to observe:"
_BRIEF = (AnswerKind.VQA, AnswerKind.ANLS, AnswerKind.RELAXED, AnswerKind.EXACT)
_BRIEFLY = "Give the answer as a single word or a short phrase."
_CHOOSE = "Select the correct answer from the options above and reply with its letter."


def instruction_text(name: str) -> str:
    """Return the text of a built-in instruction.

    Raises:
        ConfigError: no instruction has that name.
    """
    if name not in INSTRUCTIONS:
        close = difflib.get_close_matches(name, INSTRUCTIONS, n=1)
        hint = f" - did you mean {close[0]!r}?" if close else f"; known: {', '.join(sorted(INSTRUCTIONS))}"
        raise ConfigError(f"unknown instruction {name!r}{hint}")
    return INSTRUCTIONS[name]


def perception_messages(image: Image, instruction: str) -> tuple[Message, ...]:
    """Return what the perceiver is sent for one picture: the picture, then the instruction."""
    return (Message("user", (image, instruction)),)


def join_descriptions(texts: Sequence[str]) -> str:
    """Join the descriptions of a sample's pictures; several are numbered from 1 in the sample's order."""
    if len(texts) == 1:
        return texts[0].strip()
    return "\n".join(f"Image {number}: {text.strip()}" for number, text in enumerate(texts, start=1))


def question_text(sample: Sample) -> str:
    """Return question, hint, lettered options and the request to choose, or the one for a word or a phrase."""
    lines = [sample.question]
    if sample.hint:
        lines.append(f"Hint: {sample.hint}")
    if sample.options:
        lines.append("Options:")
        lines.extend(f"{option.letter}. {option.text}" for option in sample.options)
        lines.append(_CHOOSE)
    elif sample.kind in _BRIEF:
        lines.append(_BRIEFLY)
    text = "\n".join(lines)
    labelled = text.lower().startswith(("question:", "hint:"))
    return text if labelled else f"Question: {text}"


def reasoning_messages(sample: Sample, description: str | None) -> tuple[Message, ...]:
    """Return what the reasoner is sent: role, description, question. It never sees a picture.

    Args:
        description: None where there is none, and the role then says so.
    """
    told = _BLIND_ROLE if description is None else f"{_ROLE}\n\nDescription:\n{description}"
    return (Message("user", (f"{told}\n\n{question_text(sample)}",)),)


def direct_messages(sample: Sample) -> tuple[Message, ...]:
    """Return what a VLM is sent that answers by itself: the pictures in order, then the question."""
    text = question_text(sample)
    if sample.kind is AnswerKind.MMMU:
        return (Message("user", _placed(sample.images, text)),)
    return (Message("user", (*sample.images, text)),)


def _placed(images: tuple[Image, ...], text: str) -> tuple[Part, ...]:
    """Put pictures where the text first names them (`<image 1>`), and the others before it."""
    parts: list[Part] = []
    for place, piece in enumerate(re.split(r"<image ([1-9])>", text)):
        image = images[int(piece) - 1] if place % 2 and int(piece) <= len(images) else None
        named = f"<image {piece}>" if place % 2 else piece
        parts.append(named if image is None or image in parts else image)
    return (*(image for image in images if image not in parts), *(part for part in parts if part))


def specific_instruction(instruction: str, contents: str) -> str:
    """Return an instruction that asks for what one question needs observed, beside everything else."""
    return f"{instruction} Especially, pay attention to {contents}."


def contents_messages(question: str, shots: Sequence[tuple[str, str]]) -> tuple[Message, ...]:
    """Return what a text model is sent so that it writes what to observe for a question, and not its answer.

    Args:
        shots: other questions, each with the contents that it needs observed.
    """
    asked = [f"Question: {other}\n{_CUE} {contents}" for other, contents in shots]
    return (Message("user", ("\n\n".join((_OBSERVE, *asked, f"Question: {question}\n{_CUE}")),)),)
