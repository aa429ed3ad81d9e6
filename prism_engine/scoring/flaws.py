"""A problem with a benchmark's row, found before a run spends money on it."""

from __future__ import annotations

import ast
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]

LONGEST_LIST = 20_000
"""Maximum characters of an answer that is parsed as a list."""


class Flaw(NamedTuple):
    """A problem with a row. An error invalidates its score; a warning is for the user to judge."""

    level: Severity
    what: str
    """Short name of the kind of flaw; flaws are counted by it."""
    column: str | None
    reason: str


def not_a_list(answer: str) -> Flaw | None:
    """Return the flaw of an answer that is not a list of right texts; None if it is one."""
    if _is_list(answer):
        return None
    return Flaw("error", "answer that is not a list", "answer", f"is {answer[:40]!r}, not like ['one', 'other']")


def _is_list(text: str) -> bool:
    if len(text) > LONGEST_LIST or not text.startswith("["):
        return False
    try:
        return isinstance(ast.literal_eval(text), list)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
