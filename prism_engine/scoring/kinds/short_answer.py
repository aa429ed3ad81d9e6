"""Short answers to open questions: reading them from a reply and comparing them as numbers or as words."""

from __future__ import annotations

import re
import unicodedata
from ast import literal_eval
from typing import Final

_CUE: Final = re.compile(
    r"boxed\s{0,3}\{|<answer>|\banswers?\b[\s*_`\"']{0,8}(?:is|was|are|would be|should be|[:=])|答案[是为:]",
    re.IGNORECASE,
)
_LATEX: Final = re.compile(r"\\(?:text(?:bf)?|math(?:rm|bf)|[,;! ])|[{}$*_`\"“”]")
_NUMBER: Final = re.compile(r"[-−]?\d(?:[\d,]*\d)?(?:\.\d+)?|[-−]?\.\d+")
_MARKS: Final = " \t.,;:!?'()[]"
_MAX_LENGTH: Final = 200
"""Maximum length of a short answer, in characters."""
_MAX_LIST_LENGTH: Final = 10_000
"""Maximum length of a cell that is read as a list of right answers; a longer cell is one text."""


def read_short_answer(reply: str) -> str | None:
    r"""Return the text after the last "answer is", "Answer:" or `\boxed{`, else the last line; None if empty."""
    text = reply if reply.isascii() else unicodedata.normalize("NFKC", reply)
    ends = [cue.end() for cue in _CUE.finditer(text)]
    for start in reversed(ends[-3:]):
        if answer := _tidy(text[start : start + 2 * _MAX_LENGTH].lstrip(" \t\r\n:*_").split("\n", 1)[0]):
            return answer
    lines = [line for line in text.split("\n") if line.strip()]
    return (_tidy(lines[-1]) or None) if lines else None


def matches(answer: str | None, target: str) -> bool:
    """Whether an answer matches a right one: the same number to two decimals, or the same words."""
    if not answer:
        return False
    return any(_same(answer, right) for right in _golds(target))


def _golds(target: str) -> list[str]:
    """Return the target, or each of its elements if the cell is a list."""
    if target.lstrip().startswith("[") and len(target) <= _MAX_LIST_LENGTH:
        try:
            literal = literal_eval(target.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return [target]
        if isinstance(literal, list) and all(isinstance(gold, str | int | float) for gold in literal):
            return [str(gold) for gold in literal]
    return [target]


def _same(answer: str, right: str) -> bool:
    target = _number(right)
    if target is not None:
        numbers = [_number(text) for text in _NUMBER.findall(answer)]
        return len(numbers) == 1 and numbers[0] is not None and abs(numbers[0] - target) < 0.005
    words, gold = _words(answer), _words(right)
    return bool(gold) and f" {gold} " in f" {words} " and len(words) <= max(3 * len(gold), len(gold) + 30)


def _number(text: str) -> float | None:
    plain = _tidy(text).replace(",", "").replace("−", "-").strip("%")
    try:
        return float(plain) if _NUMBER.fullmatch(plain) else None
    except (ValueError, OverflowError):
        return None


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _tidy(text: str) -> str:
    return _LATEX.sub("", text.split("</answer>", 1)[0])[:_MAX_LENGTH].strip(_MARKS)
