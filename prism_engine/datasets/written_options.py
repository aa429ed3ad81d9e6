"""Reads all options of a question from one cell: a list or dictionary as Python, JSON or NumPy write it, or lines.

Nothing is evaluated: a small grammar of quoted texts, words, lists and pairs, with bounds on length and depth.
"""
# ruff: noqa: RUF001 - Chinese files have full-width punctuation

from __future__ import annotations

import ast
import json
import re
import warnings
from string import ascii_uppercase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CHARACTERS: Final = 100_000
"""Maximum length of a cell that is read as a list of options."""
_MAX_DEPTH: Final = 6
_TOKEN: Final = re.compile(
    r"""\s*+(?:[bru]{0,2}(?P<quoted>'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")|(?P<mark>[\[\](){},:=])"""
    r"""|(?P<word>[^\s\[\](){},:'"=]++))""",
    re.DOTALL,
)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
NOTHING: Final = frozenset({"", "None", "null", "nan", "NaN", "NA", "<NA>", "[]", "{}", "()", "[None]", "[nan]"})
"""Cells and values that mean that there is no option."""
_LETTER: Final = re.compile(r"(?:option|choice)?[\s_]*[(\[]?([A-Za-z]|\d{1,2})[)\].:]?", re.IGNORECASE)
_LABELS: Final = ("label", "letter", "key", "id", "option_id", "index", "name")
_TEXTS: Final = ("text", "value", "content", "option", "option_text", "answer", "choice", "body")
_SEPARATORS: Final = ("\n", "||", "|", ";", "；", "\t")
_NUMBERED: Final = re.compile(r"\(?(\d{1,2})[.)]\s+")


class _UnreadableError(Exception):
    """The text does not follow the grammar."""


def read_written(cell: str) -> dict[str, str] | None:
    """Return the options that a cell contains, by letter; empty if it says that there are none, None if unreadable."""
    text = cell.strip()
    if text in NOTHING:
        return {}
    if len(text) > MAX_CHARACTERS:
        return None
    if text[0] in "[({" or text.startswith("array("):
        try:
            return options_from(_Parser(text).whole())
        except _UnreadableError:
            return _unquoted(text)
    return _delimited(text)


def options_from(value: object) -> dict[str, str] | None:
    """Return the options of a list, a list of pairs or objects, or a dictionary; None if it is something else."""
    if isinstance(value, dict):
        return _of_dict(value)
    if not isinstance(value, list):
        return None
    if value and all(isinstance(item, list) and len(item) == 2 for item in value):
        return _of_pairs([(item[0], item[1]) for item in value])
    if value and all(isinstance(item, dict) for item in value):
        return _of_objects(value)
    return _of_texts(value)


def _of_texts(values: list[object]) -> dict[str, str] | None:
    texts = [_text(value) for value in values]
    while texts and texts[-1] == "":
        texts.pop()
    if None in texts or len(texts) > len(ascii_uppercase):
        return None
    return {letter: text for letter, text in zip(ascii_uppercase, texts, strict=False) if text}


def _of_dict(value: Mapping[object, object]) -> dict[str, str] | None:
    lists = {key: item for key, item in value.items() if isinstance(item, list)}
    if lists:
        texts = next((lists[key] for key in _TEXTS if key in lists), None)
        labels = next((lists[key] for key in _LABELS if key in lists), None)
        if texts is None or labels is None or len(texts) != len(labels):
            return None if texts is None or labels is not None else _of_texts(texts)
        return _of_pairs(list(zip(labels, texts, strict=True)))
    return _of_pairs(list(value.items()))


def _of_objects(values: list[dict[object, object]]) -> dict[str, str] | None:
    if all(len(item) == 1 for item in values) and not any(set(item) & set(_TEXTS) for item in values):
        return _of_pairs([next(iter(item.items())) for item in values])
    texts = next((key for key in _TEXTS if all(key in item for item in values)), None)
    labels = next((key for key in _LABELS if key != texts and all(key in item for item in values)), None)
    if texts is None:
        return None
    labelled = None if labels is None else _of_pairs([(item[labels], item[texts]) for item in values])
    return _of_texts([item[texts] for item in values]) if labelled is None else labelled


def _of_pairs(pairs: list[tuple[object, object]]) -> dict[str, str] | None:
    """Options with a letter or a number each; the letters, or numbers from 0 or 1, must be without a gap."""
    named = {
        found[1].upper(): text for name, text in pairs if (found := _LETTER.fullmatch(str(name).strip())) is not None
    }
    orders = (ascii_uppercase, [str(at) for at in range(26)], [str(at) for at in range(1, 27)])
    order = next((order[: len(pairs)] for order in orders if {*order[: len(pairs)]} == named.keys()), None)
    if not pairs or order is None:
        return None
    texts = [_text(named[name]) for name in order]
    if None in texts:
        return None
    return {letter: text for letter, text in zip(ascii_uppercase, texts, strict=False) if text}


def _text(value: object) -> str | None:
    """A value's text; empty for none, None for a list or an object."""
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124 - NaN
        return ""
    return None if isinstance(value, list | dict) else str(value).strip()


def _bare(text: str) -> str:
    """A text without a word processor's quotes around it."""
    return text[1:-1] if len(text) > 2 and (text[0], text[-1]) in (("“", "”"), ("‘", "’")) else text


def _unquoted(text: str) -> dict[str, str] | None:
    """Options of `[cat, dog]`, as Java and R write a list; only where nothing is quoted or nested."""
    inner = text[1:-1]
    if (text[0], text[-1]) not in (("[", "]"), ("(", ")")) or re.search(r"[\[\](){}'\"\n]", inner):
        return None
    parts = [_bare(part.strip()) for part in inner.split(",")]
    return _of_texts(list(parts)) if len(parts) > 1 and all(parts) else None


def _delimited(text: str) -> dict[str, str] | None:
    """Options between line ends, bars or semicolons."""
    for separator in _SEPARATORS:
        parts = [part.strip() for part in text.strip(separator).split(separator)]
        if len(parts) > 1:
            if not all(parts):
                return None
            numbers = [_NUMBERED.match(part) for part in parts]
            if [found and found[1] for found in numbers] == [str(at) for at in range(1, len(parts) + 1)]:
                parts = [part[found.end() :] for part, found in zip(parts, numbers, strict=True) if found]
            return _of_texts(list(parts))
    return None


class _Parser:
    """Reads one value in Python's, JSON's or NumPy's notation."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            found = _TOKEN.match(text, position)
            if found is None:
                raise _UnreadableError
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            position = found.end()
        self._at = 0

    def whole(self) -> object:
        value = self._value(0)
        if self._at != len(self._tokens):
            raise _UnreadableError
        return value

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _accept(self, mark: str) -> bool:
        accepted = self._peek() == ("mark", mark)
        self._at += accepted
        return accepted

    def _value(self, depth: int) -> object:
        if depth > _MAX_DEPTH:
            raise _UnreadableError
        kind, text = self._peek()
        self._at += 1
        if kind == "quoted":
            return _unquote(text)
        if kind == "word":
            if text == "array" and self._accept("("):
                return self._array(depth)
            return None if text in NOTHING else _bare(text)
        if kind == "mark" and text in ("[", "("):
            return self._items("]" if text == "[" else ")", depth)
        if kind == "mark" and text == "{":
            return self._pairs(depth)
        raise _UnreadableError

    def _array(self, depth: int) -> object:
        """The first argument of `array([...], dtype=object)`."""
        value = self._value(depth + 1)
        while not self._accept(")"):
            if self._peek()[0] == "end":
                raise _UnreadableError
            self._at += 1
        return value

    def _items(self, end: str, depth: int) -> list[object]:
        """Items with commas between; NumPy leaves them out between quoted texts and between numbers."""
        items: list[object] = []
        while not self._accept(end):
            before = self._at
            items.append(self._value(depth + 1))
            if self._accept(",") or self._peek() == ("mark", end):
                continue
            for kind, text in (self._tokens[before], self._peek()):
                if kind != "quoted" and not (kind == "word" and _NUMBER.fullmatch(text)):
                    raise _UnreadableError
        return items

    def _pairs(self, depth: int) -> dict[object, object]:
        pairs: dict[object, object] = {}
        while not self._accept("}"):
            key = self._value(depth + 1)
            if isinstance(key, list | dict) or not self._accept(":"):
                raise _UnreadableError
            pairs[key] = self._value(depth + 1)
            if not self._accept(",") and self._peek() != ("mark", "}"):
                raise _UnreadableError
        return pairs


def _unquote(literal: str) -> str:
    if "\\" not in literal:
        return literal[1:-1]
    try:
        text = json.loads(literal) if literal[0] == '"' else None
    except ValueError:
        text = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape is part of the text
            text = ast.literal_eval(literal.replace("\n", "\\n")) if text is None else text
            text.encode()
    except (ValueError, SyntaxError, MemoryError) as error:
        raise _UnreadableError from error
    return str(text)
