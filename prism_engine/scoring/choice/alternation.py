r"""Faster alternations: `answer|and|but` as `a(?:nswer|nd)|but`, with the same matches in the same order.

Python tries the alternatives of a pattern one after another at each position. The lists of words here have hundreds;
grouped by their first characters, a position costs a few comparisons.
"""

from __future__ import annotations

import re
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    splits = [position for position, char, depth in _syntax(pattern) if char == "|" and depth == 0]
    return [pattern[start + 1 : end] for start, end in pairwise((-1, *splits, len(pattern)))]


def _syntax(pattern: str) -> Iterator[tuple[int, str, int]]:
    """Yield position, character and depth of groups after it, without escapes and what stands in sets."""
    depth = position = 0
    in_set = False
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
        elif in_set:
            in_set = char != "]"
        elif char == "[":
            in_set = True
        else:
            depth += (char == "(") - (char == ")")
            yield position, char, depth
        position += 1


def _opened(pattern: str) -> list[str]:
    """Return "(?:a|b) c" as "a c" and "b c" if its first group is short."""
    if not pattern.startswith("(?:"):
        return [pattern]
    end = _closing(pattern)
    tail = pattern[end + 1 :]
    inner = alternatives(pattern[3:end])
    return [pattern] if tail[:1] in tuple("?*+{") or len(inner) * len(tail) > 4_000 else [one + tail for one in inner]


def _closing(pattern: str) -> int:
    return next(position for position, char, depth in _syntax(pattern) if char == ")" and depth == 0)


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
