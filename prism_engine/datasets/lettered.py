"""Brings a row's options into columns A, B, ...: from its question ("Options: A: red, B: blue") or other columns."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise
from string import ascii_uppercase
from typing import TYPE_CHECKING

from prism_engine.datasets.answer_letters import letter_of, resolved
from prism_engine.datasets.column_guesses import LISTS
from prism_engine.datasets.option_columns import FoundOptions, find_in_columns, without_letters
from prism_engine.datasets.rows import OPTION
from prism_engine.scoring import SCORERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.datasets.rows import Row
    from prism_engine.records import AnswerKind

HIDDEN = frozenset({"?", "-1", "hidden", "unknown", "not available", "unavailable"})
"""Answers of test splits that keep theirs secret; such a row has no answer."""
LONGEST = 20_000
"""Maximum characters of a question that is searched for options."""

_HEADER = re.compile(r"\b(?:Options|Choices)[ \t]*+:[ \t]*+(?:\n[ \t]*+)?(?=\(?A[:.)])", re.IGNORECASE)
_LINE = re.compile(r"^[ \t]*+(?=\(A\))", re.MULTILINE)
_STYLES = (r"\({}\)", r"{}:", r"{}\.", r"{}\)")
_STRONG, _WEAK = r"[,;\n][ \t]*", r"[ \t]"


def with_options(row: Row, kind: AnswerKind | None) -> Row:
    """Return the row with its options in columns A, B, ..., without letters in front, and its answer's letter.

    The options may be in these columns already, in the question, or in columns that `find_in_columns` knows. An answer
    that is none of them stays as it is.

    Args:
        kind: how answers are scored; None if the benchmark's name does not say.
    """
    scorer = None if kind is None else SCORERS[kind]
    if scorer is not None and scorer.lettered is None:
        return row
    cells = row.cells if options_in(row.cells) else _moved(row.cells, known=kind is not None)
    options = options_in(cells)
    if not options:
        return row
    plain = options if scorer is not None and scorer.rotated else without_letters(options)
    answer = cells.get("answer", "")
    letter = resolved(answer, plain)
    if letter == answer and plain is not options:
        letter = resolved(answer, options)
    if letter.strip().lower() in HIDDEN:
        letter = ""
    new = plain if letter == answer else {**plain, "answer": letter}
    return row if cells is row.cells and new == options else replace(row, cells=cells | new)


def options_in(cells: Mapping[str, str]) -> dict[str, str]:
    """Return the non-empty columns A to Z."""
    return {name: text for name, text in cells.items() if text and OPTION.fullmatch(name)}


def _moved(cells: dict[str, str], *, known: bool) -> dict[str, str]:
    """The cells with options moved from the question or other columns into columns A, B, ..."""
    answer = cells.get("answer", "").strip()
    asked = find_options(cells.get("question", ""))
    # A list of right texts is no letter: its question is asked as it is.
    listed = answer.startswith("[")
    if asked is not None and (not listed and letter_of(answer, asked[1]) if answer else known):
        return cells | {"question": asked[0]} | asked[1]
    found = _lettered_lists(cells) or find_in_columns(cells)
    if found is None:
        return cells
    if asked is not None and asked[1] == without_letters(found.options):  # written twice: the model reads them once
        cells = cells | {"question": asked[0]}
    return {name: cell for name, cell in cells.items() if name not in found.columns} | found.options


def _lettered_lists(cells: Mapping[str, str]) -> FoundOptions | None:
    """Options that one column holds as `A. red, B. blue`."""
    for name in LISTS:
        if (options := _split(cells.get(name, "").strip()[:LONGEST])) is not None and all(options.values()):
            return FoundOptions(options, (name,))
    return None


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
