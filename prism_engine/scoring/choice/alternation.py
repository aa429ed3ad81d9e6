r"""Faster alternations: `answer|and|but` as `a(?:nswer|nd)|but`, with the same matches in the same order.

Python tries the alternatives of a pattern one after another at each position. The lists of words here have hundreds;
grouped by their first characters, a position costs a few comparisons.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_DEEPEST: Final = 4
_LITERAL: Final = re.compile(r"(?:[^\W_]|[ ',-])(?![?*+{])")
"""A first character that stands for itself, once."""
_BOUNDARY: Final = r"\b"


def anywhere(pattern: str) -> str:
    r"""Return an alternation for `search`, which matches the same texts: those that begin with `\b` are one group."""
    rest, words = [], []
    for one in alternatives(pattern):
        if one.startswith(_BOUNDARY):
            words += _opened(one.removeprefix(_BOUNDARY))
        else:
            rest.append(one)
    ordered = sorted(words, key=lambda one: one[:1] if _LITERAL.match(one) else "")
    return "|".join([*rest, rf"\b(?:{'|'.join(_grouped(ordered, _DEEPEST))})"] if words else rest)


def gate(*parts: str) -> Callable[[str], object]:
    """Return a test for texts that contain one of the parts, far cheaper than a pattern that needs one of them."""
    return re.compile("|".join(map(re.escape, parts))).search


def alternatives(pattern: str) -> list[str]:
    """Split an alternation at its own `|`, not at those in groups and sets."""
    parts, depth, start, position = [], 0, 0, 0
    in_set = False
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
        elif in_set:
            in_set = char != "]"
        elif char == "[":
            in_set = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            parts.append(pattern[start:position])
            start = position + 1
        position += 1
    return [*parts, pattern[start:]]


def _opened(pattern: str) -> list[str]:
    """Return "(?:a|b) c" as "a c" and "b c" if its first group is short."""
    if not pattern.startswith("(?:"):
        return [pattern]
    end = _closing(pattern)
    tail = pattern[end + 1 :]
    inner = alternatives(pattern[3:end])
    return [pattern] if tail[:1] in tuple("?*+{") or len(inner) * len(tail) > 4_000 else [one + tail for one in inner]


def _closing(pattern: str) -> int:
    depth = position = 0
    in_set = False
    while True:
        char = pattern[position]
        if char == "\\":
            position += 1
        elif in_set:
            in_set = char != "]"
        elif char == "[":
            in_set = True
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth == 0:
                return position
        position += 1


def _grouped(parts: list[str], deeper: int) -> list[str]:
    """Group neighbours; those that begin with anything but a literal keep their place, and none crosses them."""
    result: list[str] = []
    for literal, run in groupby(parts, key=lambda one: _LITERAL.match(one) is not None):
        if not literal or not deeper:
            result += run
            continue
        by_first: dict[str, list[str]] = {}
        for one in run:
            by_first.setdefault(one[0], []).append(one[1:])
        for first, tails in by_first.items():
            inner = "|".join(_grouped(tails, deeper - 1))
            result.append(f"{first}(?:{inner})" if len(tails) > 1 else first + inner)
    return result
