"""Where the sentences of a reply end; for options and for short answers alike."""
# ruff: noqa: RUF001 - replies are written in several scripts

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_STOP: Final = re.compile(r"[.!?]+[\"'”’»)\]*_]{0,4}[.!?]*(?=\s|$)|[。！？؟]+")
_ABBREVIATION: Final = re.compile(
    r"(?:^|[\s(\"'*_])(?:[A-Za-z]|(?:[A-Za-z]\.)+[A-Za-z]|dr|mrs?|ms|st|vs|prof|jr|sr|inc|ltd|co|corp|approx|ca|etc"
    r"|figs?|vol|dept|mt|ave|ext|tel|pp?)$",
    re.IGNORECASE,
)
_NUMERO: Final = re.compile(r"\.\s?\d")
_BEFORE_A_NUMBER: Final = re.compile(r"(?:no|vs|approx|ca|pp?|figs?|vol)$", re.IGNORECASE)


def sentences_of(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each sentence; a line is at least one, and abbreviations end none."""
    position = 0
    for line in text.split("\n"):
        start = position
        for stop in _STOP.finditer(line):
            end = position + stop.end()
            if stop[0][0] == "." and len(stop[0]) == 1 and _ends_an_abbreviation(line, stop.start()):
                continue
            if text[start:end].strip():
                yield start, end
            start = end
        if text[start : position + len(line)].strip():
            yield start, position + len(line)
        position += len(line) + 1


def _ends_an_abbreviation(line: str, period: int) -> bool:
    if _NUMERO.match(line, period):
        return _BEFORE_A_NUMBER.search(line, max(0, period - 8), period) is not None
    return _ABBREVIATION.search(line, max(0, period - 8), period) is not None
