"""Texts from files and models in tables for people: nothing is computed, shown as HTML or run as a LaTeX command."""

from __future__ import annotations

import re
from typing import Final, TypeVar

from prism_engine.control_characters import on_one_line

T = TypeVar("T")
_FORMULA: Final = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""How a cell begins that a spreadsheet may take for a formula, also after removing a line break."""
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?|-")
_HTML: Final = re.compile(r"<(?=[A-Za-z/!?])|&(?=#?\w+;)")
_ENTITIES: Final = {"<": "&lt;", "&": "&amp;"}
_MARKUP: Final = re.compile(r"[\\|`\[\]]")
_LATEX: Final = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\symbol{34}",
    "[": "{[}",
    "]": "{]}",
    "`": r"\textasciigrave{}",
    "*": "{*}",  # [ and * behind \\\\ are its arguments
}


def csv_cell(value: T) -> T | str:
    """Return a cell of a CSV file; a text that a spreadsheet would compute gets an apostrophe in front.

    Numbers stay numbers, also as text.
    """
    if isinstance(value, str) and value[:1] in _FORMULA and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def markdown_cell(text: str) -> str:
    """Return a text as a cell of a Markdown table, on one line: no HTML, link, picture or control character."""
    text = _MARKUP.sub(r"\\\g<0>", text)
    text = _HTML.sub(lambda found: _ENTITIES[found[0]], text)
    return on_one_line(text)


def latex_cell(text: str) -> str:
    """Return a text as a cell of a LaTeX table, on one line: no command, comment, formula or control character."""
    if re.fullmatch(r"[-+]\d[\d.,]*", text):  # a hyphen is no minus sign
        return f"${text}$"
    plain = on_one_line(text)
    return "".join(_LATEX.get(character, character) for character in plain)
