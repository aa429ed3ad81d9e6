r"""Compares the short answer to an open question of MMMU with the right ones, however both are written.

In this order: as normalised text (`\dfrac12` is `\frac{1}{2}`), as numbers (`1/2` is 0.5), as words ("the Red Sea"
contains "red sea"). An answer that denies, or that names alternatives, matches only the same text.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.open_answers.extraction import is_open_ended, short_answer
from prism_engine.scoring.open_answers.lacking import refuses
from prism_engine.scoring.open_answers.quantities import Quantity, counted, quantity_of
from prism_engine.scoring.open_answers.visible import tidy
from prism_engine.scoring.scorer import REFUSAL

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIFFERENCE: Final = 0.005
"""Two numbers are the same to two decimals, as MMMU's own evaluation rounds them ..."""
_SHARE: Final = 0.05
"""... and small ones must also agree relative to the right one: 2e-5 is not 4e-5."""
_FRACTION: Final = re.compile(r"\\[dtc]frac")
_SHORT_FRACTION: Final = re.compile(r"\\frac\s*(\d)\s*(\d)")
_ONE_IN_BRACES: Final = re.compile(r"([\^_])\{(\w)\}|\\sqrt\s*(\w)")
_SPACING: Final = re.compile(r"\\left|\\right|\\displaystyle|\\[,;:! ]|[\s$]")
_PRONOUN: Final = re.compile(r"(?:it|this|that|these|those|he|she|they|we|i)\b", re.IGNORECASE)
_IN_WORDS: Final = re.compile(r"[\w\s.,;:!?'’\"“”()&%/-]*")
_EQUALS: Final = re.compile(r"[=≈]|\\approx(?![A-Za-z])")
_SEVERAL: Final = re.compile(r"=[^=]*(?:\b(?:and|or)\b|[;,]\s)[^=]*=")
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")
_MORE_WORDS: Final = 4
_JOINS: Final = re.compile(r"\b(?:and|plus|with|than|minus)\b|&|\w-(?=\w)", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W_]+")


def score_open(reply: str, golds: Sequence[str]) -> tuple[float, str | None]:
    """Return 1.0 if the reply's short answer is a right one, else 0.0, and that answer as `score_short` does."""
    if any(gold and _normalised(reply) == _normalised(gold) for gold in golds if len(reply) <= 3 * len(gold) + 40):
        return 1.0, reply.strip()
    answer = short_answer(reply)
    if refuses(reply, answer):
        return 0.0, REFUSAL
    if answer is None:
        return 0.0, None
    return float(any(_is(answer.text, gold, literal=answer.literal) for gold in golds if gold.strip())), answer.text


def _is(answer: str, gold: str, *, literal: bool) -> bool:
    wanted = _normalised(gold)
    if _normalised(answer) == wanted:
        return True
    if _SEVERAL.search(answer):
        return False  # x = 3 or x = -2
    if _normalised(_EQUALS.split(answer)[-1]) == wanted:
        return True
    if literal:
        return False
    right = quantity_of(tidy(gold))
    if right is not None:
        read = quantity_of(answer) or counted(answer)
        return read is not None and _same_units(read, right) and _same_number(read, right)
    return _is_words(gold) and _contains(answer, gold)


def _is_words(gold: str) -> bool:
    """Whether a right answer is words rather than a formula."""
    return _IN_WORDS.fullmatch(gold) is not None and _LETTERS.search(gold) is not None


def _contains(answer: str, gold: str) -> bool:
    """Whether an answer is the right words, with at most a few that neither join nor deny them."""
    words, wanted = (
        " ".join(word for word in _WORD.findall(text.lower()) if word not in ("a", "an", "the"))
        for text in (answer, gold)
    )
    if not wanted or f" {wanted} " not in f" {words} " or _PRONOUN.match(answer):
        return False
    if _JOINS.search(answer) and not _JOINS.search(gold):
        return False
    more = len(words.split()) - len(wanted.split())
    return more <= _MORE_WORDS and (is_open_ended(gold) or not is_open_ended(answer))


def _same_units(answer: Quantity, gold: Quantity) -> bool:
    return not answer.unit or not gold.unit or answer.unit.split()[0] == gold.unit.split()[0]


def _same_number(answer: Quantity, gold: Quantity) -> bool:
    pairs = [(answer.share, gold.share)]
    if answer.percent != gold.percent and abs((gold if answer.percent else answer).value) >= 1:
        pairs.append((answer.value, gold.value))
    return any(
        (abs(read - right) < _DIFFERENCE or math.isclose(read, right))
        and abs(read - right) <= _SHARE * max(abs(right), 0.1 if not right else 0)
        for read, right in pairs
    )


def _normalised(text: str) -> str:
    """Write a formula in one way, without spaces; words in lower case."""
    bare = _FRACTION.sub(r"\\frac", tidy(text))
    bare = _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", bare)
    bare = _ONE_IN_BRACES.sub(lambda found: found[1] + found[2] if found[1] else f"\\sqrt{{{found[3]}}}", bare)
    return _SPACING.sub("", bare.replace("−", "-").replace("√", "\\sqrt")).lower()
