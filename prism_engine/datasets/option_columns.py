"""Finds a row's options: in columns of one option each under various names, or in one column with all of them."""
# ruff: noqa: RUF001 - Chinese files have full-width punctuation

from __future__ import annotations

import re
from functools import cache, lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.datasets.answer_letters import letter_of, letter_of_text, letters_of
from prism_engine.datasets.column_guesses import LISTS
from prism_engine.datasets.rows import OPTION
from prism_engine.datasets.written_options import read_written
from prism_engine.similar_names import CLOSE, similar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NAMED: Final = re.compile(
    r"(?P<word>options?|opt|choices?|candidates?|alternatives?|alt|op)?[\s_\-.:/]*[(\[]?(?P<place>[a-z]|\d{1,3})"
    r"(?P<end>[)\].:]*)(?:[\s_\-]*(?:text|option))?"
)
_LOOSE: Final = re.compile(r"(?:answer|ans)[\s_\-.]*(?P<place>[a-z])")
_MISSPELT: Final = re.compile(r"(?P<word>[a-z]{4,12})(?:[\s_\-.:/(\[]+|(?=\d))(?P<place>[a-z]|\d{1,2})[)\].:]*")
_WORDS: Final = ("option", "choice", "candidate", "alternative")
_MARK: Final = r"\s*[(\[]?{}(?:[)\]]\s*|[.:]\s+|\s+-\s+|[、．：）】.:]\s*)(?=\S)"
_SPACED: Final = r"\s*(?:[(\[]{0}[)\]]|{0}\))\s*(?=\S)|\s*{0}(?:[.:]|\s-)\s+(?=\S)|\s*{0}[、．：）]\s*(?=\S)"

_WORDED: Final = r"(?i)\s*(?:option|choice)\s+{}\s*(?:[.:)、．：）]|-\s)\s*(?=\S)"
_BOLD: Final = r"\s*\*\*[(\[]?{}[)\].:]?\*\*[)\].:]?\s*(?=\S)"


class OptionColumns(NamedTuple):
    """Columns that hold one option each."""

    names: tuple[str, ...]
    """In the order of the options' letters."""
    sure: bool
    """Whether their names alone say that they are options; `a` and `b` may be the sides of a triangle."""


@lru_cache(maxsize=256)
def option_columns(names: tuple[str, ...]) -> tuple[OptionColumns, ...]:
    """Return the groups of columns that look like options, sure ones first: `option_a`, `Option B`, `choice1`, `c`."""
    groups: dict[tuple[str, bool], dict[str, str]] = {}
    for name in names:
        if (found := _NAMED.fullmatch(name)) is not None and (found["word"] or not found["place"].isdigit()):
            sure = bool(found["word"] or found["end"] or name != found["place"])
            groups.setdefault((found["word"] or "", sure), {})[found["place"]] = name
        elif (found := _LOOSE.fullmatch(name)) is not None:
            groups.setdefault(("answer", False), {})[found["place"]] = name
    columns = [OptionColumns(_in_order(places), sure) for (_, sure), places in groups.items()]
    return tuple(sorted((group for group in columns if group.names), key=lambda group: not group.sure))


def _in_order(places: Mapping[str, str]) -> tuple[str, ...]:
    """The columns from the first option on, without a gap; none for fewer than two."""
    numbers = {int(place): name for place, name in places.items() if place.isdigit()}
    letters = {ascii_lowercase.index(place): name for place, name in places.items() if not place.isdigit()}
    ordered = letters or ({at - 1: name for at, name in numbers.items()} if 0 not in numbers else numbers)
    names: list[str] = []
    while len(names) in ordered and len(names) < len(ascii_uppercase):
        names.append(ordered[len(names)])
    return tuple(names) if len(names) > 1 else ()


class FoundOptions(NamedTuple):
    """The options of a row, and where they were."""

    options: dict[str, str]
    columns: tuple[str, ...]


def find_in_columns(cells: Mapping[str, str]) -> FoundOptions | None:
    """Return a row's options, unless they are in columns A, B, ...; None if it has none, or none that can be read.

    Columns whose names alone do not say that they hold options count only if the row's answer is one of them.
    """
    for name in LISTS:
        if (cell := cells.get(name)) and (options := read_written(cell)):
            return FoundOptions(options, (name,))
    answer = cells.get("answer", "")
    for group in option_columns(tuple(cells)):
        texts = dict(zip(ascii_uppercase, (cells[name] for name in group.names), strict=False))
        options = {letter: text for letter, text in texts.items() if text.strip()}
        if options and (group.sure or _is_one_of(answer, options)):
            return FoundOptions(options, group.names)
    return None


def _is_one_of(answer: str, options: Mapping[str, str]) -> bool:
    """Whether an answer is an option's letter or several, or the text of one in words: numbers are no evidence."""
    if letter_of(answer, options) is not None or letters_of(answer, options) is not None:
        return True
    return any(char.isalpha() for char in answer) and letter_of_text(answer, options) is not None


def look_like_options(columns: Sequence[str]) -> list[str]:
    """Return the columns of a file that look like options, by their names."""
    lists = [name for name in columns if name in LISTS]
    groups = option_columns(tuple(columns))
    return lists + [name for group in groups for name in group.names]


def meant_options(columns: Sequence[str]) -> dict[str, str]:
    """Return the columns whose names are misspelt options, each with the name that is meant: `optoin a`: `option a`."""
    words = {name: word for name in columns if (word := _meant_word(name)) is not None}
    return {name: word + name[_word_end(name) :] for name, word in words.items()}


def left_out(cells: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns of a row with options A, B, ... that look like one more option, which no model is shown.

    `option_d` next to A, B and C, or `optoin c` after `option a` and `option b`. A column that repeats one of the
    options is none.
    """
    options = {name: text.strip() for name, text in cells.items() if text and OPTION.fullmatch(name)}
    if not options:
        return ()
    last = ascii_uppercase.index(max(options))
    texts = set(options.values())
    found = []
    for name, cell in cells.items():
        if name in options or not cell.strip() or (place := _place(name)) is None:
            continue
        more = place.number <= last + (4 if place.sure else 2) and ascii_uppercase[place.number] not in options
        if more and cell.strip() not in texts:
            found.append(name)
    return tuple(found)


def may_be_left_out(columns: Iterable[str]) -> bool:
    """Whether any of a file's columns looks like an option by its name, apart from A, B, ..."""
    return any(not OPTION.fullmatch(name) and _place(name) is not None for name in columns)


class _Place(NamedTuple):
    number: int
    """0-based, of the option that a column's name stands for."""
    sure: bool
    """Whether the name says that it is an option."""


@lru_cache(maxsize=1024)
def _place(name: str) -> _Place | None:
    found = _NAMED.fullmatch(name)
    if found is None and _meant_word(name) is not None:
        found = _MISSPELT.fullmatch(name)
    if found is None or name in LISTS or (found["place"].isdigit() and not found["word"]):
        return None
    place = found["place"]
    number = max(int(place) - 1, 0) if place.isdigit() else ascii_lowercase.index(place)
    return _Place(number, name != place) if number < len(ascii_uppercase) else None


@lru_cache(maxsize=1024)
def _meant_word(name: str) -> str | None:
    """The word that a column's name misspells before a letter or a number; None if it does not."""
    found = _MISSPELT.fullmatch(name)
    if found is None or _NAMED.fullmatch(name) is not None or found["word"] in _WORDS:
        return None
    close = similar(found["word"], _WORDS, most=1, cutoff=CLOSE)
    return close[0] if close else None


def _word_end(name: str) -> int:
    found = _MISSPELT.fullmatch(name)
    return found.end("word") if found else 0


def without_letters(options: dict[str, str]) -> dict[str, str]:
    """Return the options without their own letters in front (`A. cat`, `(B) dog`), if each has its own.

    `A.cat`, without a blank, needs three options: `A.D. 300` and `B.C. 200` are no letters of options.
    """
    letters = sorted(options)
    if len(letters) < 2 or not all(OPTION.fullmatch(letter) for letter in letters):
        return options
    for style in (_SPACED, _WORDED, _BOLD, *([_MARK] if len(letters) > 2 else ())):
        plain = {}
        for name in letters:
            if (match := _own_letter(style, name).match(options[name])) is None:
                break
            plain[name] = options[name][match.end() :]
        else:
            return plain
    return options


@cache
def _own_letter(style: str, name: str) -> re.Pattern[str]:
    return re.compile(style.format(f"(?:{name}|{name.lower()})"))
