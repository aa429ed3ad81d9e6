"""Options that are part of the question's text ("Options: A: red, B: blue"): found, and taken apart."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise
from string import ascii_uppercase
from typing import TYPE_CHECKING

from prism_engine.datasets.rows import OPTION
from prism_engine.records import AnswerKind

if TYPE_CHECKING:
    from prism_engine.datasets.rows import Row

LONGEST = 20_000
"""Characters: no question with options is longer."""

_HEADER = re.compile(r"\b(?:Options|Choices)[ \t]*+:[ \t]*+(?:\n[ \t]*+)?(?=\(?A[:.)])", re.IGNORECASE)
_LINE = re.compile(r"^[ \t]*+(?=\(A\))", re.MULTILINE)
_STYLES = (r"\({}\)", r"{}:", r"{}\.", r"{}\)")
_STRONG, _WEAK = r"[,;\n][ \t]*", r"[ \t]"
_LETTERED = (AnswerKind.CHOICE, AnswerKind.CIRCULAR, AnswerKind.MMMU)


def with_options(row: Row, kind: AnswerKind | None) -> Row:
    """The row with its options in columns of their own, where they stand in its question and nowhere else.

    Args:
        kind: what a right answer is; None where the name of the benchmark does not say.
    """
    if kind not in (*_LETTERED, None) or any(text and OPTION.fullmatch(name) for name, text in row.cells.items()):
        return row
    answer = row.cells.get("answer", "").strip()
    found = find_options(row.cells.get("question", "")) if answer or kind is not None else None
    if found is None or (answer and answer not in found[1]):
        return row
    question, options = found
    return replace(row, cells=row.cells | {"question": question} | options)


def find_options(text: str) -> tuple[str, dict[str, str]] | None:
    """The question without its options, and these by letter; None where there are none, or two ways to read them.

    Understood are `A: red, B: blue`, `A. red` and `A) red` after `Options:` or `Choices:`, and `(A) red` there or on
    lines of their own. What follows on lines below the last option stays with the question.
    """
    if len(text) > LONGEST:
        return None
    starts = [(found.start(), found.end()) for found in _HEADER.finditer(text)]
    starts = starts[-1:] or [(found.start(), found.end()) for found in _LINE.finditer(text)][-1:]
    for before, start in starts:
        options = _split(text[start:])
        if options is not None:
            last, below = (*options.popitem()[1].split("\n", 1), "")[:2]
            options[ascii_uppercase[len(options)]] = last.strip()
            kept = (text[:before].strip(), below.strip())
            return ("\n".join(part for part in kept if part), options) if all(options.values()) else None
    return None


def _split(body: str) -> dict[str, str] | None:
    style = next((style for style in _STYLES if re.match(style.format("A"), body)), None)
    if style is None:
        return None
    options: dict[str, str] = {}
    start = len(style.format("A").replace("\\", ""))
    for letter, following in pairwise(ascii_uppercase):
        place = _only(body, start, style, following)
        if place is None:
            break
        options[letter] = body[start : place[0]].strip().rstrip(",;").strip()
        start = place[1]
    if not options or _more(body, start, style, len(options)):
        return None
    return options | {ascii_uppercase[len(options)]: body[start:].strip()}


def _only(body: str, start: int, style: str, letter: str) -> tuple[int, int] | None:
    """Where the option of that letter begins, if it does so in one place only; else None."""
    for separator in (_STRONG, _WEAK):
        hits = [hit.span() for hit in _marker(separator, style, letter).finditer(body, start)]
        if hits:
            return hits[0] if len(hits) == 1 else None
    return None


def _more(body: str, start: int, style: str, count: int) -> bool:
    """Whether what should be the last option still holds the mark of another one."""
    return any(_marker(_STRONG, style, letter).search(body, start) for letter in ascii_uppercase[: count + 6])


@cache
def _marker(separator: str, style: str, letter: str) -> re.Pattern[str]:
    return re.compile(f"{separator}{style.format(letter)}(?=\\s)[ \\t]*")
