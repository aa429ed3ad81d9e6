"""Short answers to open questions: read out of a reply, and compared as numbers or as words."""

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
_LONGEST: Final = 200
"""A short answer is no longer, in characters."""
_GOLDS: Final = 10_000
"""A cell of right answers that is longer is one text."""


def read_short_answer(reply: str) -> str | None:
    r"""Return what stands after the last "answer is", "Answer:", `\boxed{`; else the last line; None for no words."""
    text = reply if reply.isascii() else unicodedata.normalize("NFKC", reply)
    ends = [cue.end() for cue in _CUE.finditer(text)]
    for start in reversed(ends[-3:]):
        if said := _tidy(text[start : start + 2 * _LONGEST].lstrip(" \t\r\n:*_").split("\n", 1)[0]):
            return said
    lines = [line for line in text.split("\n") if line.strip()]
    return (_tidy(lines[-1]) or None) if lines else None


def matches(answer: str | None, target: str) -> bool:
    """Whether an answer is one of the right ones: the same number to two decimals, or the same words."""
    if not answer:
        return False
    return any(_same(answer, right) for right in _right_ones(target))


def _right_ones(target: str) -> list[str]:
    """Return the target, or each of the targets where the cell is a list."""
    if target.lstrip().startswith("[") and len(target) <= _GOLDS:
        try:
            found = literal_eval(target.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return [target]
        if isinstance(found, list) and all(isinstance(one, str | int | float) for one in found):
            return [str(one) for one in found]
    return [target]


def _same(answer: str, right: str) -> bool:
    wanted = _number(right)
    if wanted is not None:
        said = [_number(found) for found in _NUMBER.findall(answer)]
        return len(said) == 1 and said[0] is not None and abs(said[0] - wanted) < 0.005
    words, those = _words(answer), _words(right)
    return bool(those) and f" {those} " in f" {words} " and len(words) <= max(3 * len(those), len(those) + 30)


def _number(text: str) -> float | None:
    plain = _tidy(text).replace(",", "").replace("−", "-").strip("%")
    try:
        return float(plain) if _NUMBER.fullmatch(plain) else None
    except (ValueError, OverflowError):
        return None


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _tidy(text: str) -> str:
    return _LATEX.sub("", text.split("</answer>", 1)[0])[:_LONGEST].strip(_MARKS)
