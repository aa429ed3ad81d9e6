"""Characters that control a terminal or a page instead of being shown: escaped, or replaced by spaces."""

from __future__ import annotations

import re
from typing import Final

_LAYOUT: Final = "\t\n"
_C0_AND_C1: Final = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
"""Among them escape sequences, which can clear the screen or write into the window's title."""
_DIRECTION: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""They change the direction of writing: a text can then look like another."""
_SEPARATORS: Final = "\u2028\u2029"
_INVISIBLE: Final = "\u200b-\u200d\u2060\ufeff"
"""Without a width. Joiners among them shape the letters of some languages, so texts keep them, unlike messages."""
_SURROGATES: Final = "\ud800-\udfff"
"""Halves of pairs, which no encoding can write."""

_ALL: Final = f"{re.escape(_C0_AND_C1)}{_DIRECTION}{_SEPARATORS}{_SURROGATES}"
_CONTROLS: Final = re.compile(f"[{_ALL}]")
_BUT_LAYOUT: Final = re.compile(f"(?![{_LAYOUT}])[{_ALL}]")
_AND_INVISIBLE: Final = re.compile(f"[{_ALL}{_INVISIBLE}]")


def escaped(text: str) -> str:
    """Return a text with its control characters escaped as in JSON; line ends and tabs stay."""
    return _BUT_LAYOUT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def on_one_line(text: str, *, invisible: bool = True) -> str:
    """Return a text on one line: control characters and all kinds of white space become single spaces.

    Args:
        invisible: whether characters without a width stay; some languages need them.
    """
    return " ".join((_CONTROLS if invisible else _AND_INVISIBLE).sub(" ", text).split())
