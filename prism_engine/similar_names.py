"""Names similar to one that is unknown, for "did you mean" in messages."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

CLOSE: Final = 0.8
"""Similarity from which two names count as the same word, misspelt."""
_SIMILAR: Final = 0.6
_LONGEST: Final = 80
"""Characters that are compared: the work grows with the square of the length, and a name may come from a file."""


def similar(name: str, known: Iterable[str], *, most: int = 3, cutoff: float = _SIMILAR) -> list[str]:
    """Return the known names that are most similar to a name, the best one first; upper and lower case are the same.

    Args:
        most: how many to return at most.
        cutoff: the least similarity, from 0 to 1 (identical).
    """
    by_case: dict[str, list[str]] = {}
    for one in sorted(known):
        by_case.setdefault(one.lower(), []).append(one)
    found = difflib.get_close_matches(name[:_LONGEST].lower(), by_case, n=most, cutoff=cutoff)
    return [one for lowered in found for one in by_case[lowered]][:most]


def did_you_mean(name: str, known: Iterable[str], *, most: int = 3, cutoff: float = _SIMILAR) -> str:
    """Return ` - did you mean 'x' or 'y'?`, or an empty string if no known name is similar."""
    close = similar(name, known, most=most, cutoff=cutoff)
    return f" - did you mean {' or '.join(map(repr, close))}?" if close else ""
