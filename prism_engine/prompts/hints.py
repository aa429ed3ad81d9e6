"""Per-question hints: the prompt for the hint writer, and the clean-up of its reply."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.records import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import Sample

_OBSERVE = "Name the contents of the image that must be observed to answer the last question. Do not answer it."
_CUE = "Contents to observe:"


class HintShot(NamedTuple):
    """An example question with its hints."""

    question: str
    hints: str


_SHOTS = (
    HintShot("In which year did the company sell the most bicycles?", "the number of bicycles sold in each year"),
    HintShot("What is the person on the left about to do?", "the posture, hands and gaze of the person on the left"),
    HintShot("What is written on the sign above the door?", "the text on the sign above the door"),
    HintShot("How many of the cups stand behind the plate?", "the plate, and where each cup stands relative to it"),
    HintShot("Which layer of the soil do the roots reach?", "the labels of the layers and how deep the roots go"),
)
_SCENE_SHOTS = (
    HintShot("What colour is the object at the top-left?", "the colour of the object at the top-left"),
    HintShot("How many objects are there?", "the number of objects"),
    HintShot("Where is the red star relative to the blue cross?", "the positions of the red star and the blue cross"),
    HintShot("What is written on the green circle?", "the label of the green circle"),
    HintShot("If every red object is removed, how many objects remain?", "the colours of all objects"),
)


def hint_shots(benchmark: str) -> tuple[HintShot, ...]:
    """Return the hint writer's examples for a benchmark: specific ones for PrismScenes, general ones otherwise."""
    return _SCENE_SHOTS if "prismscenes" in benchmark.lower() else _SHOTS


def hint_messages(question: str, shots: Sequence[tuple[str, str]]) -> tuple[Message, ...]:
    """Return the messages that ask a text model to write hints for a question, but not to answer it.

    Args:
        shots: other questions, each with its hints.
    """
    asked = [f"Question: {other}\n{_CUE} {hints}" for other, hints in shots]
    return (Message("user", ("\n\n".join((_OBSERVE, *asked, f"Question: {question}\n{_CUE}")),)),)


def hint_query(sample: Sample) -> str:
    """Return the part of a question that the hint writer sees: text and hint on one line, without the options.

    So the perceiver is not biased towards an option, and all rotations of the options share one description.
    """
    text = " ".join(sample.question.split()).removeprefix("Question:").strip()
    return f"{text} (Hint: {' '.join(sample.hint.split())})" if sample.hint else text


_ANY_CUE = re.compile(r"[*_#\s]*contents?\s+to\s+(?:be\s+)?observe[d]?\s*[*_]*\s*:[*_]*", re.IGNORECASE)
_QUESTION = re.compile(r"\s*[*_]*question\s*\d*\s*[*_]*:", re.IGNORECASE)
_NEXT_QUESTION = re.compile(rf"\n{_QUESTION.pattern}", re.IGNORECASE)
_MARKER = re.compile(r"(?:[-*•+]|\(?\d{1,2}[.)])(?:\s+|$)")
_LEAD_IN = re.compile(
    r"(?:to answer (?:this|the)(?: last)? question|for (?:this|the)(?: last)? question(?: about [^,]*)?)\s*,\s*"
    r"|(?:please\s+)?(?:observe|(?:especially,?\s*)?pay attention to)\s*:?\s+",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(r"(\*{1,2})(?=\S)([^*]+)\1")
_AROUND = " \t.;,:*_`"
_QUOTES = (*((mark, mark) for mark in "\"'"), ("\u201c", "\u201d"), ("\u2018", "\u2019"))


def clean_hints(reply: str, shots: int = 5) -> str | None:
    """Return the hints in a hint writer's reply as one phrase without a final period; None if there are none.

    Hint writers echo the cue (the text after the last one counts), continue with further questions (dropped), answer
    every example (if a list has one item more than there are examples, only the last item counts), write lists (joined)
    and add explanations below (dropped).
    """
    text = reply.encode("utf-8", "replace").decode()  # a lone surrogate could not be sent to the perceiver
    while (cleaner := _once(text, shots)) != text:
        text = cleaner
    return text or None


def _once(text: str, shots: int) -> str:
    text = text.strip()
    if not _ANY_CUE.match(text) and not _QUESTION.match(text):
        text = _NEXT_QUESTION.split(text, maxsplit=1)[0]
    text = _ANY_CUE.split(text)[-1]
    lines = [line.strip() for line in text.splitlines() if line.strip(_AROUND) and not _QUESTION.match(line)]
    if not lines:
        return ""
    listed = [line for line in lines if _MARKER.match(line)]
    items = [_plain(_MARKER.sub("", line, count=1)) for line in listed]
    if len(items) == shots + 1:
        phrase = items[-1]
    elif items and (listed[0] == lines[0] or lines[0].endswith(":")):
        phrase = ", ".join(filter(None, items))
    else:
        phrase = lines[0]
    return _plain(phrase)


def _plain(phrase: str) -> str:
    """Return a phrase on one line, without emphasis, lead-in, and surrounding punctuation."""
    phrase = _EMPHASIS.sub(r"\2", " ".join(phrase.split()))
    if lead_in := _LEAD_IN.match(phrase):
        phrase = phrase[lead_in.end() :]
    return _unquoted(phrase)


def _unquoted(phrase: str) -> str:
    """Strip surrounding punctuation, and quotation marks that enclose the whole phrase."""
    phrase = phrase.strip(_AROUND)
    for left, right in _QUOTES:
        if phrase[:1] == left and phrase[-1:] == right and left not in phrase[1:-1]:
            return phrase[1:-1].strip(_AROUND)
    return phrase
