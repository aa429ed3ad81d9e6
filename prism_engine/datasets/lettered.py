"""Extracts answer options that are part of the question text ("Options: A: red, B: blue")."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise
from string import ascii_uppercase
from typing import TYPE_CHECKING

from prism_engine.datasets.rows import OPTION
from prism_engine.scoring import SCORERS

if TYPE_CHECKING:
    from prism_engine.datasets.rows import Row
    from prism_engine.records import AnswerKind

LONGEST = 20_000
"""Maximum characters of a question that is searched for options."""

_HEADER = re.compile(r"\b(?:Options|Choices)[ \t]*+:[ \t]*+(?:\n[ \t]*+)?(?=\(?A[:.)])", re.IGNORECASE)
_LINE = re.compile(r"^[ \t]*+(?=\(A\))", re.MULTILINE)
_STYLES = (r"\({}\)", r"{}:", r"{}\.", r"{}\)")
_STRONG, _WEAK = r"[,;\n][ \t]*", r"[ \t]"


def with_options(row: Row, kind: AnswerKind | None) -> Row:
    """Return the row with options moved from its question into columns, unless it already has option columns.

    Args:
        kind: how answers are scored; None if the benchmark's name does not say.
    """
    if kind is not None and SCORERS[kind].lettered is None:
        return row
    if any(text and OPTION.fullmatch(name) for name, text in row.cells.items()):
        return row
    answer = row.cells.get("answer", "").strip()
    found = find_options(row.cells.get("question", "")) if answer or kind is not None else None
    if found is None or (answer and answer not in found[1]):
        return row
    question, options = found
    return replace(row, cells=row.cells | {"question": question} | options)


def find_options(text: str) -> tuple[str, dict[str, str]] | None:
    """Split a question into its text and its options by letter; None if there are none or they are ambiguous.

    Accepts `A: red, B: blue`, `A. red` and `A) red` after `Options:` or `Choices:`, and `(A) red` there or on separate
    lines. Lines below the last option stay with the question.
    """
    if len(text) > LONGEST:
        return None
    starts = [(found.start(), found.end()) for found in _HEADER.finditer(text)]
    starts = starts[-1:] or [(found.start(), found.end()) for found in _LINE.finditer(text)][-1:]
    for before, start in starts:
        options = _split(text[start:])
        if options is not None:
            last, tail = (*options.popitem()[1].split("\n", 1), "")[:2]
            options[ascii_uppercase[len(options)]] = last.strip()
            kept = (text[:before].strip(), tail.strip())
            return ("\n".join(part for part in kept if part), options) if all(options.values()) else None
    return None


def _split(body: str) -> dict[str, str] | None:
    style = next((style for style in _STYLES if re.match(style.format("A"), body)), None)
    if style is None:
        return None
    options: dict[str, str] = {}
    start = len(style.format("A").replace("\\", ""))
    for letter, following in pairwise(ascii_uppercase):
        span = _unique_marker(body, start, style, following)
        if span is None:
            break
        options[letter] = body[start : span[0]].strip().rstrip(",;").strip()
        start = span[1]
    if not options or _has_marker(body, start, style, len(options)):
        return None
    return options | {ascii_uppercase[len(options)]: body[start:].strip()}


def _unique_marker(body: str, start: int, style: str, letter: str) -> tuple[int, int] | None:
    """Span of a letter's option marker if it occurs exactly once; else None."""
    for separator in (_STRONG, _WEAK):
        hits = [hit.span() for hit in _marker(separator, style, letter).finditer(body, start)]
        if hits:
            return hits[0] if len(hits) == 1 else None
    return None


def _has_marker(body: str, start: int, style: str, count: int) -> bool:
    """Whether the presumed last option contains another option's marker."""
    return any(_marker(_STRONG, style, letter).search(body, start) for letter in ascii_uppercase[: count + 6])


@cache
def _marker(separator: str, style: str, letter: str) -> re.Pattern[str]:
    return re.compile(f"{separator}{style.format(letter)}(?=\\s)[ \\t]*")
