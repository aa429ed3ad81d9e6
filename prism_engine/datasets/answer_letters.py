"""Reads which option an answer cell means: a letter in any dress, an option's text, several letters, or a position."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from prism_engine.datasets.written_options import read_written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MAX_CHARACTERS: Final = 20_000
_MAX_LETTERS: Final = 200
"""Maximum length of an answer that consists of letters and what surrounds them."""
_DRESS: Final = re.compile(
    r"""[\s(\[{<"'`*$\\]*(?:boxed\{|text\{)*(?:(?:the\s+)?(?:correct\s+|right\s+)?(?:answer|option|choice|ans)"""
    r"""(?:\s+is)?\s*[:=]?)?[\s(\[{<"'`*_]*([A-Z])[\s)\]}>"'`*$.:,;_、。】」]*""",
    re.IGNORECASE,
)
_WITH_TEXT: Final = re.compile(r"[(\[]?([A-Z])(?:[)\].:,、]+|\s+-|\s)\s*(\S.*)", re.IGNORECASE | re.DOTALL)
_JOINERS: Final = re.compile(r"\band\b|\bor\b|[\W_]+", re.IGNORECASE)
_POSITION: Final = re.compile(r"(\d{1,2})(?:\.0*)?")
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:\.\d{0,15})?")


def letter_of(answer: str, options: Mapping[str, str]) -> str | None:
    """Return the letter that an answer consists of: `B`, `b`, `(B)`, `B.`, `Option B`, `B. its text`; None if none.

    A small letter that is also another option's text means neither.
    """
    if answer.strip() in options:
        return answer.strip()
    text = _plain(answer)
    if (letter := _dressed(text)) is not None:
        return letter if letter in options and _named(text, options) in (None, letter) else None
    if (found := _WITH_TEXT.fullmatch(text)) is not None:
        letter = found[1].upper()
        return letter if letter in options and _folded(options[letter]) == _folded(found[2]) else None
    return None


def letter_of_text(answer: str, options: Mapping[str, str]) -> str | None:
    """Return the letter of the only option with this text, or with this number (`4.0` for `4`); None if none."""
    if (letter := _named(answer, options)) is not None:
        return letter
    if _NUMBER.fullmatch(answer.strip()):
        number = float(answer)
        equal = [name for name, text in options.items() if _NUMBER.fullmatch(text.strip()) and float(text) == number]
        return equal[0] if len(equal) == 1 else None
    return None


def letters_of(answer: str, options: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the letters of an answer that names several options (`AC`, `A,C`, `['A', 'C']`); None if it does not.

    The list may name them by their texts.
    """
    listed = _listed(answer)
    if len(listed) > 1:
        named = [letter_of(item, options) or letter_of_text(item, options) for item in listed]
        letters = [letter for letter in named if letter is not None]
        return tuple(letters) if len(letters) == len(listed) else None
    text = _plain(answer)
    if len(text) > _MAX_LETTERS:
        return None
    pieces = _JOINERS.sub(" ", text).upper().split()
    if len(pieces) > 1 and any(len(piece) > 1 for piece in pieces):
        return None
    letters = list("".join(pieces))
    several = len(set(letters)) == len(letters) > 1 and set(letters) <= set(options)
    return tuple(letters) if several else None


def position_of(answer: str, options: Mapping[str, str]) -> int | None:
    """Return the number of an option that an answer consists of, from 0 to the number of options; None if it does not.

    Whether it counts from 0 or from 1 is for `Numbering` to say.
    """
    found = _POSITION.fullmatch(answer.strip()) if options else None
    return int(found[1]) if found and int(found[1]) <= len(options) else None


def resolved(answer: str, options: Mapping[str, str]) -> str:
    """Return the letter that an answer means, by itself or as an option's text; otherwise the answer as it is."""
    if len(answer) > _MAX_CHARACTERS or not answer.strip() or answer.strip() in options:
        return answer
    listed = _listed(answer)
    only = listed[0] if len(listed) == 1 else answer
    if (letter := letter_of(only, options)) is None and _dressed(_plain(only)) not in options:
        letter = letter_of_text(only, options)
    return letter or answer


def _dressed(text: str) -> str | None:
    """The capital of the single letter that a text consists of, apart from what surrounds it."""
    found = _DRESS.fullmatch(text) if len(text) <= _MAX_LETTERS else None
    return found[1].upper() if found else None


def _listed(answer: str) -> list[str]:
    """The items of an answer that is written as a list; none if it is not."""
    text = answer.strip()
    return list((read_written(text) or {}).values()) if text[:1] == "[" and len(text) <= _MAX_CHARACTERS else []


class Numbering:
    """Finds out, from all rows of a benchmark, whether answers number the options from 0 or from 1.

    A 0 shows the one, the number of a row's last option the other. Never guessed: without either, with both, or if some
    answers are numbers that are an option's text, it stays open.
    """

    def __init__(self) -> None:
        self._zero = self._last = False
        self._texts = self.positions = 0

    def note(self, written: str, read: str, options: Mapping[str, str]) -> bool:
        """Take a row's answer into account; return whether it is a number that is still to be read.

        Args:
            written: the answer in the file.
            read: the answer as `resolved`.
        """
        position = position_of(read, options)
        if position is None:
            self._texts += read != written and _POSITION.fullmatch(written.strip()) is not None
            return False
        self._zero |= position == 0
        self._last |= position == len(options)
        self.positions += 1
        return True

    @property
    def first(self) -> int | None:
        """The number of the first option, 0 or 1; None if the rows do not say."""
        return None if self._texts or self._zero == self._last else int(self._last)


def numbered(position: int, first: int, options: Iterable[str]) -> str | None:
    """Return the letter at a position that counts from `first`; None if there is none."""
    letters = sorted(options)
    return letters[position - first] if 0 <= position - first < len(letters) else None


def _named(answer: str, options: Mapping[str, str]) -> str | None:
    """The letter of the only option with this text: first as it is, then apart from case, width, blanks and a dot."""
    for reading in (str.strip, _folded):
        wanted = reading(answer)
        equal = [name for name, text in options.items() if reading(text) == wanted]
        if equal:
            return equal[0] if len(equal) == 1 else None
    return None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _folded(text: str) -> str:
    return " ".join(_plain(text).casefold().split()).rstrip(" .。")
