"""The right answers of an open question, read out of a cell that may hold several of them as a Python list."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache

MOST_CHARACTERS = 100_000
"""Of a cell that is read as a list; a longer one is a text."""


@lru_cache(maxsize=4096)
def right_answers(cell: str) -> tuple[str, ...]:
    """Return the texts of a stringified list, or else the cell itself as the only right answer.

    Nothing is evaluated: only literals are read, and what is no list of them stays the text that it is.
    """
    found = literal_list(cell)
    return (cell,) if found is None else tuple(map(str, found))


def literal_list(cell: str) -> list[object] | None:
    """Return the list that a cell spells in Python's literals; None where it spells none."""
    inside = cell.strip()
    if len(inside) > MOST_CHARACTERS or not (inside.startswith("[") and inside.endswith("]")):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # an odd escape is the text's own
            warnings.simplefilter("ignore", DeprecationWarning)
            found = ast.literal_eval(inside)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return found if isinstance(found, list) else None
