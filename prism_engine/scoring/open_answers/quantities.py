r"""Reads one quantity from a short text: `1,200 cm`, `12 %`, `1/2`, `\frac{1}{2}`, `3 \times 10^8`, `2\pi`, `seven`.

A grammar for products and quotients of numbers, not an evaluator: lengths, nesting and exponents are bounded, and what
does not fit is no quantity.
"""
# ruff: noqa: RUF001 - numbers are written with several signs

from __future__ import annotations

import math
import re
from typing import Final, NamedTuple

from prism_engine.scoring.open_answers.number_words import number_words

_LONGEST: Final = 120
"""A longer text is no quantity."""
_DEEPEST: Final = 4
_LARGEST_EXPONENT: Final = 300
_THOUSAND, _MILLION, _BILLION = 1e3, 1e6, 1e9
_MULTIPLES: Final = (
    dict.fromkeys(("thousand", "thousands", "k", "K"), _THOUSAND)
    | dict.fromkeys(("million", "millions", "M", "mn"), _MILLION)
    | dict.fromkeys(("billion", "billions", "bn", "B"), _BILLION)
    | {"trillion": 1e12, "dozen": 12.0, "hundred": 1e2, "万": 1e4, "亿": 1e8}
)
_PLAIN: Final = str.maketrans(
    dict.fromkeys("−–", "-")
    | dict.fromkeys("×·⋅", "*")
    | dict.fromkeys("÷⁄", "/")
    | dict.fromkeys("\u00a0\u202f\u2009", " ")
    | {"π": "\\pi ", "√": "\\sqrt ", "％": "%", "，": ",", "．": "."}
    | {"≈": "=", "≃": "=", "≅": "="}
    | {"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3"}
)
_LATEX: Final = re.compile(
    r"\\(?:text|mathrm|mathbf|textbf|mbox|operatorname)\s?\{([^{}]{0,60})\}|\\left|\\right|\\displaystyle"
    r"|\\[,;:! ()\[\]]|\$(?!\d)|(?<=[\d}])\$"
)
_ABOUT: Final = re.compile(
    r"^(?:(?:about|approximately|approx\.?|around|roughly|nearly|almost|circa|ca\.|some|exactly|precisely|only|just"
    r"|a total of|total|equal to|~|=>|=|->|→|⇒)\s*)+",
    re.IGNORECASE,
)
_DEGREES: Final = re.compile(r"\s?\^\s?(?:\{\s?\\circ\s?\}|\\circ(?![A-Za-z]))")
_NAMED_SIGN: Final = re.compile(r"\\(Omega|mu|approx|simeq)(?![A-Za-z])")
_SIGNS: Final = {"Omega": "Ω", "mu": "µ", "approx": "=", "simeq": "="}
_DECIMAL_COMMA: Final = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})+|\d+),(\d{1,2})(?![\d,.])", re.ASCII)
_COUNTED: Final = re.compile(
    r"(?P<number>\S+)\s(?:(?:out of|of)\s(?:the\s|all\s)?(?:\d{1,4}|two|three|four|five|six|seven|eight|nine|ten"
    r"|eleven|twelve)\s)?"
    r"(?:(?!(?:or|and|to|than|not|past|by|per|times|million|billion|thousand|hundred|dozen)\b)[^\W\d_]+\s){1,4}?"
    r"(?:that|which|who|whose|with|where|above|below|over|under|exceeding|between|in|on|at|from|\w+er than"
    r"|(?:more|less) (?:\w+ )?than)\s",
    re.IGNORECASE,
)
"""A number of things and what is said of them, which may contain other numbers: "6 bars taller than 40"."""
_PORTION: Final = re.compile(
    r"(?P<number>\d[\d.,]*\s?(?:%|percent|per cent)|\$?\\[dt]?frac\{?\d{1,4}\}?\{?\d{1,4}\}?\$?|\d{1,4}/\d{1,4})"
    r"\sof\s(?!\d)\w"
    r"|(?P<part>\S+)\s(?:out of|of)\s(?:the\s|all\s)?"
    r"(?:\d{1,4}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\s[a-z]",
    re.IGNORECASE,
)
_ANOTHER: Final = re.compile(
    r"(?<!between )(?<!from )\b(?!between\b)[^\W\d_]+\s(?:and|plus|versus|vs\.?)\s"
    r"(?:\d|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b)",
    re.IGNORECASE,
)
"""A second number of things: "four bars on the left and three on the right"."""
_NUMBER: Final = re.compile(
    r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:[ ]\d{3})+(?!\d)|\d{1,40})(?:\.\d{1,40})?|\.\d{1,40}", re.ASCII
)
_EXPONENT: Final = re.compile(r"[eE]([+-]?\d{1,4})(?![\w.])", re.ASCII)
_POWER: Final = re.compile(r"\s?(?:\^|\*\*)\s?(?:\{\s?([+-]?\d{1,4})\s?\}|\(?([+-]?\d{1,4})\)?)", re.ASCII)
_FRACTION: Final = re.compile(r"\\[dtc]?frac\s*")
_ROOT: Final = re.compile(r"\\sqrt\s*")
_CURRENCY: Final = re.compile(
    r"\s*\+?\s*(?:(?:US|AU?|CA?|HK|NZ|S)?\$|[€£¥₹]|(?:USD|EUR|GBP|INR|CNY|JPY|CHF|Rs\.?)(?=\s?\d))?\s*"
)
_MINUS: Final = re.compile(r"\s*(?:-\s*|(?:minus|negative)\s+)", re.IGNORECASE)
_MIXED: Final = re.compile(r"\s(\d{1,4})/(\d{1,4})(?![\d/])|\s?\\[dtc]?frac\{(\d{1,4})\}\{(\d{1,4})\}", re.ASCII)
_IN_BRACKETS: Final = re.compile(r"\s*[(\[]([^()\[\]]{1,40})[)\]]$")
_UNIT: Final = re.compile(r"(?!(?:st|nd|rd|th)\b)[^\W\d_][\w\s./^²³°'’()·*\\{}-]{0,60}|[°%\"'′″][\w\s/%]{0,20}")
_MORE: Final = re.compile(
    r"\d|\b(?:or|and|to|past|by|than|not|nor|but|of|is|are|was|were|has|have|would|could|might|wrong|incorrect|least"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|dozen)\b"
)


_JOINED: Final = re.compile(r"=[^=]*(?:\b(?:and|or)\b|[;,]\s|\.\s(?!\w+ing\b)[^\W\d_][^=:.]{0,20}:\s)[^=]*=")
"""Two equations rather than a chain."""


_ITEM: Final = re.compile(r"[.)]\s+\w")
"""What follows the number of a list's item."""


class Quantity(NamedTuple):
    """A number as a text writes it."""

    value: float
    """Finite; a percent sign is not applied."""
    percent: bool
    unit: str
    """Lower-cased words behind it, without a percent sign; empty if none."""

    @property
    def share(self) -> float:
        """The value, with a percent sign applied."""
        return self.value / 100 if self.percent else self.value


def quantity_of(text: str) -> Quantity | None:
    """Read a text that is one number with at most a unit behind it, in bounded time; None if it is anything else."""
    if len(text) > _LONGEST:
        return None
    plain = _NAMED_SIGN.sub(lambda found: _SIGNS[found[1]], _DEGREES.sub("°", text.translate(_PLAIN)))
    plain = _LATEX.sub(lambda found: f" {found[1]}" if found[1] else "", plain).strip()
    if _JOINED.search(plain):
        return None  # x = 3 or x = -2
    plain = _DECIMAL_COMMA.sub(lambda found: f"{found[1].replace('.', '')}.{found[2]}", plain)
    plain = _ABOUT.sub("", plain.rpartition("=")[2].strip()).replace("{,}", ",").replace("\\%", "%").strip()
    if (note := _IN_BRACKETS.search(plain)) and _agrees(plain[: note.start()], note[1]):
        plain = plain[: note.start()].strip()
    reader = _Reader(plain)
    try:
        value = reader.product(0)
    except (ValueError, OverflowError, ZeroDivisionError):
        return None
    if value is None or not math.isfinite(value):
        return None
    rest = plain[reader.position :]
    return None if _ITEM.match(rest) else _with_unit(value, rest.strip(" .,;:!"))


def counted(text: str) -> Quantity | None:
    """Read a number of things of which more is said: "6 bars taller than 40", "5 of the 12 bars", "27% of adults"."""
    if len(text) > _LONGEST:
        return None
    text = _ABOUT.sub("", text)
    if _ANOTHER.search(text):
        return None
    found = _COUNTED.match(text) or _PORTION.match(text)
    number = quantity_of(next(filter(None, found.groups()))) if found else None
    return None if number is None or number.unit else number


def _agrees(number: str, note: str) -> bool:
    """Whether a note in brackets is a remark in words, or the same number again."""
    if not re.search(r"\d", note):
        return quantity_of(note) is None or quantity_of(note) == quantity_of(number)
    return (again := quantity_of(note)) is not None and again == quantity_of(number)


def _with_unit(value: float, rest: str) -> Quantity | None:
    percent = rest.startswith("%") or re.match(r"per\s?cent\b", rest) is not None
    if percent:
        rest = re.sub(r"^(?:%|per\s?cent)\s*", "", rest)
    first, _, others = rest.partition(" ")
    if first in _MULTIPLES:
        value, rest = value * _MULTIPLES[first], others.strip()
    if rest and (not _UNIT.fullmatch(rest) or _MORE.search(re.sub(r"[\^²³]?\{?-?\d\}?$", "", rest))):
        return None
    unit = " ".join(re.sub(r"[\\{}]|\bcirc\b", "", rest).lower().split())
    return Quantity(value, percent, unit.strip("^ ")) if math.isfinite(value) else None


class _Reader:
    """A position in a text of bounded length, moved on by what is read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def product(self, depth: int) -> float | None:
        sign = -1.0 if self._take(_MINUS) else 1.0
        self._take(_CURRENCY)
        if self._take(re.compile(r"-")):  # $-3
            sign = -1.0
        value = self.factor(depth)
        while value is not None:
            start = self.position
            operator = self._take(
                re.compile(r"\s*(\*|/|x(?=\s?10\b)|\\times|\\cdot|\\div)\s*|(?=\\(?:pi|sqrt|[dt]?frac))")
            )
            factor = self.factor(depth) if operator else None
            if factor is None:
                self.position = start
                break
            value = value / factor if operator and operator[1] in ("/", "\\div") else value * factor
        return None if value is None else sign * value

    def factor(self, depth: int) -> float | None:
        if depth > _DEEPEST:
            return None
        if self._take(_FRACTION):
            top, bottom = self._argument(depth), self._argument(depth)
            value = None if top is None or not bottom else top / bottom
        elif self._take(_ROOT):
            inside = self._argument(depth)
            value = None if inside is None or inside < 0 else math.sqrt(inside)
        elif self._take(re.compile(r"\\pi\s*")):
            value = math.pi
        else:
            value = self._number()
        if value is not None and (power := self._take(_POWER)):
            exponent = int(power[1] or power[2])
            return None if abs(exponent) > _LARGEST_EXPONENT else value**exponent
        return value

    def _argument(self, depth: int) -> float | None:
        """Read what a LaTeX command applies to: a group in braces, or one digit."""
        if not self._take(re.compile(r"\s*\{")):
            digit = self._take(re.compile(r"\s*(\d)", re.ASCII))
            return float(digit[1]) if digit else None
        value = self.product(depth + 1)
        return value if self._take(re.compile(r"\s*\}")) else None

    def _number(self) -> float | None:
        if in_words := number_words(self.text, self.position):
            self.position = in_words[1]
            return in_words[0]
        found = self._take(_NUMBER)
        if found is None:
            return None
        exponent = self._take(_EXPONENT)
        if exponent and abs(int(exponent[1])) > _LARGEST_EXPONENT:
            return None
        value = float(re.sub(r"[, ]", "", found[0]) + (f"e{exponent[1]}" if exponent else ""))
        if found[0].isdigit() and (mixed := self._take(_MIXED)):
            return value + int(mixed[1] or mixed[3]) / int(mixed[2] or mixed[4])
        return value

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.position)
        if found:
            self.position = found.end()
        return found
