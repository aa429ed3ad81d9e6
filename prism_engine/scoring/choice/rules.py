"""VLMEvalKit's rules for multiple choice in each of three periods: the option letter that a reply means.

Three rule sets are in use under the one name "exact matching", and they read long replies differently, so a score
means little without the name of its rules. Each reproduces one period, including its known weaknesses ("the answer is
correct" is option C under v3):

v1  until August 2025, including the time of the original Prism: a single option letter anywhere, or else a single
    option text
v2  until June 2026: the letter must be among the last four words; for an option text, the reply must be short
    relative to the options
v3  since then: as v2 and, if that finds no letter, the first "answer is X" with X from A to D and any white space
    between the words

VLMEvalKit's VERBOSE environment variable, which changes its verdicts, has no counterpart here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.scorer import REFUSAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import Option

API_FAILURE: Final = "Failed to obtain answer via API"
REFUSALS: Final = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
_SEPARATORS: Final = ".()[],:;!*#{}"
_LAST_WORDS: Final = 4
_LENGTH_FACTOR: Final = 2
# Possessive, so that a megabyte of blanks or stars costs one pass. The original has no word boundary after the letter.
_ANSWER_IS: Final = re.compile(r"answer\s++is\s++\**+([A-D])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one period."""

    letter_near_end: bool
    """An option letter counts only if its first occurrence is among the last four words."""
    short_reply: bool
    """Option texts are searched only in a reply of at most twice their total length, in code points."""
    answer_phrase: bool
    """If no letter was found, "answer is X" is searched, ignoring case."""


def match_as_upstream(reply: str, options: Sequence[Option], rules: Rules) -> str | None:
    """Read the chosen option from a reply as VLMEvalKit does, in time linear in the reply's length.

    Returns:
        The letter of an option; "Z" for a refusal (or a real option Z); None if nothing can be inferred.
    """
    return _by_letter(reply, options, rules) or _by_text(reply, options, rules)


def _by_letter(reply: str, options: Sequence[Option], rules: Rules) -> str | None:
    if API_FAILURE in reply:
        return None
    if any(refusal in reply for refusal in REFUSALS):
        return REFUSAL
    spaced = reply
    for mark in _SEPARATORS:
        spaced = spaced.replace(mark, " ")
    words = spaced.split()
    vocabulary = set(words)
    named = [option.letter for option in options if option.letter in vocabulary]
    if not named and REFUSAL in vocabulary:
        return REFUSAL
    if len(named) == 1 and (not rules.letter_near_end or words.index(named[0]) >= len(words) - _LAST_WORDS):
        return named[0]
    return _by_phrase(reply, options) if rules.answer_phrase else None


def _by_phrase(reply: str, options: Sequence[Option]) -> str | None:
    found = _ANSWER_IS.search(reply)
    if found is None:
        return None
    letter = found[1].upper()
    return letter if any(option.letter == letter for option in options) else None


def _by_text(reply: str, options: Sequence[Option], rules: Rules) -> str | None:
    lowered = reply.lower()
    if rules.short_reply and len(lowered) > _LENGTH_FACTOR * sum(len(option.text) for option in options):
        return None
    contained = [option.letter for option in options if option.text.lower() in lowered]
    return contained[0] if len(contained) == 1 else None
