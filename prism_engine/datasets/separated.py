"""Tells which character separates the cells of a text table: a tab, comma, semicolon or bar."""

from __future__ import annotations

import csv
from itertools import chain
from typing import TYPE_CHECKING, Final

from prism_engine.datasets.rows import column_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

SEPARATORS: Final = ("\t", ",", ";", "|")
_STATED: Final = "sep="
"""Excel's own first line, followed by the separator."""


def separated_lines(lines: Iterator[str], default: str, known: Collection[str]) -> tuple[str, Iterator[str]]:
    """Return a table's separator and its lines from the header on.

    The first line decides: the separator that yields the most `known` column names; at a tie, the `default`.
    """
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        return default, lines
    stated = first.strip("\r\n ").strip('"')
    if len(stated) == len(_STATED) + 1 and stated.lower().startswith(_STATED) and stated[-1] in SEPARATORS:
        return stated[-1], lines
    counts = {separator: _named(first, separator, known) for separator in dict.fromkeys((default, *SEPARATORS))}
    return max(counts, key=lambda separator: counts[separator]), chain([first], lines)


def _named(header: str, separator: str, known: Collection[str]) -> int:
    try:
        names = next(csv.reader([header], delimiter=separator), [])
    except csv.Error:
        return 0
    return len({column_name(name) for name in names} & set(known))
