"""Reads the most common replies at once: a letter, or a letter with its own text; grammar has nothing to add there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import Option

_BARE: Final = re.compile(
    r"(?:(?:[Tt]he )?(?:correct |final |best )?[Aa]nswer(?: is:?|:)|\*\*(?:Final )?Answer:\*\*|Option)? ?"
    r"[\s(*\[]{0,6}([A-Z])[\s).*\]:,]{0,6}"
    r"|\\boxed\{([A-Z])\}\.?|<answer>\s?([A-Z])\s?</answer>"
)
"""A shortcut for the most common replies: a letter, "The answer is B."; with `_WITH_TEXT` most replies end here."""
_WITH_TEXT: Final = re.compile(
    r"(?:(?:The )?(?:correct )?[Aa]nswer(?: is:?|:) ?)?[(*]{0,3}([A-Z])[).:*]{1,4} (.+?)[.*]{0,3}\s?"
)
_LONGEST_TEXT: Final = 300


def read_at_once(reply: str, options: Sequence[Option]) -> str | None:
    """Return the letter of a reply that is a letter, or a letter and its own text; None for any other."""
    if (bare := _BARE.fullmatch(reply)) is not None:
        letter = bare[bare.lastindex or 1]
        return letter if any(option.letter == letter for option in options) else None
    if len(reply) < _LONGEST_TEXT and (pair := _WITH_TEXT.fullmatch(reply)) is not None:
        return next((pair[1] for option in options if (option.letter, option.text) == pair.groups()), None)
    return None
