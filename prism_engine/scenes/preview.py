"""Draws a contact sheet: the first pictures of PrismScenes with their questions below."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from prism_engine.scenes.questions import FAMILIES, OPTION_LETTERS
from prism_engine.scenes.render import SIDE
from prism_engine.scenes.table import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.scenes.questions import Question

MAX_PICTURES = 24
_COLUMNS = len(FAMILIES)  # families alternate, so each one fills a column
PICTURE = 2 * SIDE
"""Side of the square for a picture, in pixels."""
LINES = 10
"""Lines of text that fit under a picture."""
_MARGIN = 12
_LINE = 19
_LINE_CHARACTERS = 40
_WIDTH = PICTURE + 2 * _MARGIN
_HEIGHT = PICTURE + LINES * _LINE + 2 * _MARGIN
QUIET, PLAIN, RIGHT = (120, 120, 120), (20, 20, 20), (0, 120, 50)
"""Text colours: of the heading, of the question, of the correct answer."""

Line = tuple[str, tuple[int, int, int]]
"""Text and its colour."""


def contact_sheet(count: int, seed: int) -> Image.Image:
    """Draw the first rows of `write_benchmark(..., count, seed)`, at most `MAX_PICTURES`, with their questions."""
    shown = rows(min(count, MAX_PICTURES), seed)
    size = (PICTURE, PICTURE)
    return drawn_sheet(
        [(picture.resize(size, Image.Resampling.NEAREST), _caption(question)) for _, question, picture in shown]
    )


def drawn_sheet(cells: Sequence[tuple[Image.Image, Sequence[Line]]]) -> Image.Image:
    """Draw pictures, each with its lines of text below; they must fit into a square of side `PICTURE`."""
    size = (min(len(cells), _COLUMNS) * _WIDTH, -(-len(cells) // _COLUMNS) * _HEIGHT)
    sheet = Image.new("RGB", size, "white")
    canvas = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=14)
    for number, (picture, lines) in enumerate(cells):
        x, y = number % _COLUMNS * _WIDTH + _MARGIN, number // _COLUMNS * _HEIGHT + _MARGIN
        sheet.paste(picture, (x, y))
        for line, (text, paint) in enumerate(lines):
            canvas.text((x, y + PICTURE + 6 + line * _LINE), text, fill=paint, font=font)
    return sheet


def folded(text: str) -> list[str]:
    """Wrap text into lines that fit under a picture."""
    return textwrap.wrap(text, _LINE_CHARACTERS, break_on_hyphens=False)


def _caption(question: Question) -> list[Line]:
    options = [
        (f"{letter}. {option}", RIGHT if letter == question.letter else PLAIN)
        for letter, option in zip(OPTION_LETTERS, question.options, strict=True)
    ]
    return [
        *((line, QUIET) for line in folded(f"{question.kind.family}: {question.kind.name}")),
        *((line, PLAIN) for line in folded(question.text)),
        *options,
        (f"Answer: {question.letter}", RIGHT),
    ]
