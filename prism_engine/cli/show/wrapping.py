"""Fits text and tables into a terminal's width without breaking words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GAP = 2
"""Spaces between two columns."""
_NARROW = 16
"""Width to which a column of names may shrink by breaking names behind a separator."""
_PIECES = re.compile(r"[^/~_.:+-]*[/~_.:+-]+|[^/~_.:+-]+")


class Part(NamedTuple):
    """The columns of a table that are printed next to each other."""

    columns: list[int]
    widths: list[int]


def parts_of(columns: Sequence[Sequence[str]], words: int, width: int) -> list[Part]:
    """Divide a table's columns into parts that fit.

    Texts are wrapped between words, numbers never. If that is not enough, names are broken behind a separator, and
    then the table continues below, with its first columns repeated.

    Args:
        columns: the cells of each column, its heading first.
        words: how many columns, from the first, are text.
        width: of the terminal, in cells.
    """
    natural = [max(map(cell_len, cells)) for cells in columns]
    least = [_least(cells, text=place < words) for place, cells in enumerate(columns)]
    everything = list(range(len(columns)))
    if _total(least) > width:
        least[:words] = [min(each, _NARROW) for each in least[:words]]
    chunks = [everything]
    if _total(least) > width:
        chunks = list(_chunks(everything[:words], everything[words:], least, width))
    return [
        Part(chunk, _shrunk([natural[each] for each in chunk], [least[each] for each in chunk], width))
        for chunk in chunks
    ]


def wrapped(text: str, width: int) -> str:
    """Return a cell's text in lines of at most `width` cells; all have the first one's indentation."""
    words = text.split()
    if cell_len(text) <= width or not words:
        return text
    indent = text[: len(text) - len(text.lstrip())]
    room = max(width - cell_len(indent), 1)
    lines = [""]
    for word in words:
        for place, piece in enumerate(_pieces(word, room)):
            space = " " if lines[-1] and not place else ""
            if cell_len(lines[-1] + space + piece) > room:
                lines.append(piece)
            else:
                lines[-1] += space + piece
    return "\n".join(indent + line for line in lines if line)


def breaks(text: str, width: int) -> list[int]:
    """Return the offsets in one line of text behind the spaces at which it continues on a new line.

    Words that are longer than a line (paths, URLs) stay whole, so that they can be copied.
    """
    offsets, used = [], 0
    for match in re.finditer(r"\S+\s*", text):
        length = cell_len(match[0].rstrip())
        if used and used + length > width:
            offsets.append(match.start())
            used = 0
        used += cell_len(match[0])
    return offsets


def _least(cells: Sequence[str], *, text: bool) -> int:
    """Return the width that a column needs at least: of its longest word, or of its longest number."""
    heading, *body = cells
    whole = [_longest_word(cell) if text else cell_len(cell) for cell in body]
    return max([_longest_word(heading), *whole])


def _longest_word(cell: str) -> int:
    indent = len(cell) - len(cell.lstrip())
    return indent + max(map(cell_len, cell.split()), default=0)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _chunks(lead: list[int], others: list[int], least: Sequence[int], width: int) -> Iterator[list[int]]:
    """Yield the leading columns with as many of the others as fit, then again with the next ones."""
    chunk = list(lead)
    for column in others:
        if len(chunk) > len(lead) and _total([least[each] for each in (*chunk, column)]) > width:
            yield chunk
            chunk = list(lead)
        chunk.append(column)
    yield chunk


def _shrunk(natural: list[int], least: list[int], width: int) -> list[int]:
    """Return widths that fit, taking from the widest column first and never more than its least width allows."""
    widths = list(natural)
    while _total(widths) > width:
        spare = [place for place, each in enumerate(widths) if each > least[place]]
        if not spare:
            break
        widths[max(spare, key=lambda place: widths[place])] -= 1
    return widths


def _pieces(word: str, width: int) -> Iterator[str]:
    """Yield a word's parts: the whole word if it fits, else broken behind separators, else anywhere."""
    if cell_len(word) <= width:
        yield word
        return
    for piece in _PIECES.findall(word):
        while cell_len(piece) > width:
            cut = next(end for end in range(len(piece), 0, -1) if cell_len(piece[:end]) <= width or end == 1)
            yield piece[:cut]
            piece = piece[cut:]  # noqa: PLW2901 - the rest of it
        if piece:
            yield piece
