"""A contact sheet: the first pictures of a benchmark over their questions, for a look before a run."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from prism_engine.scenes.questions import FAMILIES, OPTION_LETTERS
from prism_engine.scenes.render import SIDE
from prism_engine.scenes.table import rows

if TYPE_CHECKING:
    from prism_engine.scenes.questions import Question

MOST_PICTURES = 24
_COLUMNS = len(FAMILIES)  # families take turns, so each has a column of its own
_PICTURE = 2 * SIDE  # pixels
_MARGIN = 12
_LINE = 19
_LINES = 10
_LETTERS_A_LINE = 40
_WIDTH = _PICTURE + 2 * _MARGIN
_HEIGHT = _PICTURE + _LINES * _LINE + 2 * _MARGIN
_QUIET, _PLAIN, _RIGHT = (120, 120, 120), (20, 20, 20), (0, 120, 50)


def contact_sheet(count: int, seed: int) -> Image.Image:
    """Draw the first rows of `write_benchmark(..., count, seed)`, at most `MOST_PICTURES`, each over its question."""
    shown = list(rows(min(count, MOST_PICTURES), seed))
    size = (min(len(shown), _COLUMNS) * _WIDTH, -(-len(shown) // _COLUMNS) * _HEIGHT)
    sheet = Image.new("RGB", size, "white")
    canvas = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=14)
    for number, (_, question, picture) in enumerate(shown):
        x, y = number % _COLUMNS * _WIDTH + _MARGIN, number // _COLUMNS * _HEIGHT + _MARGIN
        sheet.paste(picture.resize((_PICTURE, _PICTURE), Image.Resampling.NEAREST), (x, y))
        for line, (text, paint) in enumerate(_caption(question)):
            canvas.text((x, y + _PICTURE + 6 + line * _LINE), text, fill=paint, font=font)
    return sheet


def _caption(question: Question) -> list[tuple[str, tuple[int, int, int]]]:
    options = [
        (f"{letter}. {option}", _RIGHT if letter == question.letter else _PLAIN)
        for letter, option in zip(OPTION_LETTERS, question.options, strict=True)
    ]
    return [
        *((line, _QUIET) for line in _folded(f"{question.kind.family}: {question.kind.name}")),
        *((line, _PLAIN) for line in _folded(question.text)),
        *options,
        (f"Answer: {question.letter}", _RIGHT),
    ]


def _folded(text: str) -> list[str]:
    return textwrap.wrap(text, _LETTERS_A_LINE, break_on_hyphens=False)
