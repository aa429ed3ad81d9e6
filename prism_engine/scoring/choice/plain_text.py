r"""Plain text for `prism-2`: one spelling for markup, LaTeX, tags, marks and numbers, in replies and in options alike.

`\boxed{B}` and `<answer>B</answer>` become lines `answer: B`; `\frac{1}{2}`, `½` and `1/2` become `1/2`; `1,200cm`
becomes `1200 cm`; check marks become `✓` and crosses `✗`.
"""
# ruff: noqa: RUF001 - the point is to tell apart characters that look alike

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD, _TAIL = 4_000, 30_000
"""Characters at the start and at the end of a longer reply that are read: answers stand first or last."""
_BOX_LIMIT: Final = 400
_THINKING_ENDS: Final = ("</think>", "</thinking>", "</thought>", "◁/think▷")

_CHARACTERS: Final = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ´", "'"),
        **dict.fromkeys('“”„«»"*`', ""),
        **dict.fromkeys("−‐‑‒–—", "-"),
        **dict.fromkeys("✔☑✅🗸🟢👍", "✓"),
        **dict.fromkeys("✘❌☒✖✕❎🔴🚫☐⬜👎", "✗"),
        **dict.fromkeys("\ufe0f\u200b\u200e\u200f\u2060\ufeff\u00ad"),
        **dict.fromkeys(map(chr, range(0xE000, 0xE300)), " "),  # they stand for options in `signs.py`
        "⁄": "/",
        "_": " ",
        "\t": " ",
        "\r": "\n",
    }
)
_ANSWERED: Final = re.compile(r"(?:^|(?<=[.?!\n] ))A: ?(?=[*(\[ ]{0,4}[A-Z][*)\].]{0,4} *$)", re.MULTILINE)
"""The "A:" of "Q: ... A: C"."""
_FORMATTING: Final = re.compile(r"</?(b|i|u|em|strong|p|br|li|div|span|code|mark|center|h[1-6]) ?/?>")
_STRUCK: Final = re.compile(r"~~[^~\n]{1,200}~~")
_KEY: Final = re.compile(r'[{,\n]\s*"([A-Za-z][\w -]{0,30})"\s*:\s*')
_ANSWER_KEY: Final = re.compile(
    r"(?:(?:my|the|final|correct|selected|chosen|best|predicted)[ _-]?){0,2}(?:answer|final|choice|option"
    r"|letter|selection|prediction|label)",
    re.IGNORECASE,
)
_MISSPELT: Final = re.compile(
    r"\b(?:anwser|asnwer|awnser|answr|anser|anwer|answere|ansewr|aswer|asnwer|anwsers)\b", re.IGNORECASE
)
_ANSWER_TAG: Final = re.compile(
    r"(<\|?|\[)(/|end[ _]of[ _])?(?:(?:final|begin|the|my|correct|selected)[ _-]?(?:of[ _])?)?"
    r"(?:answer|conclusion|choice|option|response|final|output|prediction|result|letter|box)(?:\|?>|\])",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"</?([a-z][a-z _-]{1,24})>", re.IGNORECASE)
_LETTER_TAG: Final = re.compile(r"<{1,2}([A-Z])>{1,2}")
_BOX: Final = re.compile(r"\\?f?box(?:ed)? ?\{")
_LATEX: Final = (
    (re.compile(r"\\(?:text|math|operatorname)[a-z]{0,4}\s?\{([^{}]{0,200})\}"), r"\1"),
    (re.compile(r"\\[dtc]?frac\s?\{([^{}]{1,80})\}\s?\{([^{}]{1,80})\}"), r"\1/\2"),
    (re.compile(r"\\[dtc]?frac\s?(\d)\s?(\d)"), r"\1/\2"),
    (re.compile(r"(?:\\sqrt|\bsqrt)\s?(?:\{([^{}]{1,80})\}|\(([^()]{1,80})\)|(\d))"), r"√\1\2\3"),
    (re.compile(r"\\(?:left|right|displaystyle|bigl?|bigr)(?![a-z])"), ""),
    (re.compile(r"\\pi(?![a-z])"), "π"),
    (re.compile(r"\\(?:circ|degree)(?![a-z])"), "°"),
    (re.compile(r"\\(?:times|cdot)(?![a-z])"), "×"),
    (re.compile(r"\\q?quad(?![a-z])|\\[,;:!() \[\]]"), " "),
    (re.compile(r"\\([%$#&])"), r"\1"),
)
_UNITS: Final = r"(?:[mcdk]?m|[mk]?g|m?l|s|h|min|ft|in|lb|oz|kW|[kMG]?Hz|px|mph|°C|°F)"
_LONG_UNITS: Final = (
    ("cm", r"centi\s?met(?:er|re)s?"),
    ("mm", r"milli\s?met(?:er|re)s?"),
    ("km", r"kilo\s?met(?:er|re)s?"),
    ("m", r"met(?:er|re)s?"),
    ("kg", r"kilo\s?(?:gram)?s?"),
    ("g", r"grams?"),
)
_NUMBERS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3}){1,6})(?![\d,])"), lambda found: found[1].replace(",", "")),
    (re.compile(r"(?<![\d.,])(\d{1,3})[ \u00a0](\d{3})(?![\d,])"), r"\1\2"),
    (re.compile(r"(?<![\d.,])(\d{1,9})\.0{1,4}(?!\d)"), r"\1"),
    (re.compile(r"(?<![\d.,])(\d{1,9}\.\d{0,8}[1-9])0{1,4}(?!\d)"), r"\1"),
    (re.compile(r"(\d)\s?(?:%|per\s?cent\b|percent\b)", re.IGNORECASE), r"\1%"),
    (re.compile(r"(\d) {1,3}π"), r"\1π"),
    (re.compile(r"(\d) / (\d)"), r"\1/\2"),
    (re.compile(r"(?<=[\w)])[ ]?([=+])[ ]?(?=[\w(-])"), r" \1 "),
    (re.compile(r"(\d[a-z]) ?- ?(?=\d)"), r"\1 -"),
    (re.compile(r"(?<![\w.])(?:minus|negative) (?=\d)", re.IGNORECASE), "-"),
    (re.compile(r"(?<![\w.)])- (?=\d+(?!\d*[.)] ))"), "-"),
    *((re.compile(rf"(\d)\s?{long}(?![a-z])", re.IGNORECASE), rf"\1 {unit}") for unit, long in _LONG_UNITS),
    (re.compile(rf"(\d)({_UNITS})(?![A-Za-z])"), r"\1 \2"),
)
_DECIMAL_COMMA: Final = re.compile(r"(?<![\d.,])(\d{1,6}),(\d{1,2})(?![\d,])")
_WORDS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_NUMBER_WORD: Final = re.compile(
    r"(?<![\w-])(?:(?P<pronoun>(?:the|this|that|which|correct|right|only|each|no|any|other|best|last|first|wrong"
    r"|every|some|as|given|possible|single) one"
    r"|one (?:of|which|that|is|could|might|may|can|would|option|answer))(?![\w-])"
    rf"|(?P<word>{'|'.join(_WORDS)})(?![\w-]))",
    re.IGNORECASE,
)
_TENS: Final = {
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
}
_TEN: Final = re.compile(rf"(?<![\w-])({'|'.join(_TENS)})(?![\w-])", re.IGNORECASE)
_BLANKS: Final = re.compile("[ \u00a0\u3000]{2,}")
_TICKED: Final = re.compile(r"^([ >*-]{0,6})[\[(] ?([xX✓✗ ]) ?[\])]", re.MULTILINE)


def answer_part(reply: str) -> str:
    """Return a reply without its thinking, which a tag ends, and without the middle if it is very long."""
    for end in _THINKING_ENDS:
        before, found, after = reply.rpartition(end)
        if found and after.strip():
            reply = after
        elif found:
            reply = before
    return reply if len(reply) <= _HEAD + _TAIL else f"{reply[:_HEAD]}\n\n{reply[-_TAIL:]}"


def plain_text(text: str, *, digits: bool = False, points: bool = False) -> str:
    """Return a text in one spelling; equal meanings in different markup become equal.

    Args:
        digits: write numbers to twenty, and tens, as digits.
        points: write decimal commas as points.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)[: 2 * (_HEAD + _TAIL)]
    text = _unmarked(text)
    text = _MISSPELT.sub("answer", _ANSWERED.sub("answer: ", text))
    text = text.translate(_CHARACTERS).replace("$", " ")
    text = _TICKED.sub(lambda box: f"{box[1]}{'✗' if box[2] in ' ✗' else '✓'} ", text)
    text = _with_digits(text) if digits else text
    if any(map(str.isdigit, text)):
        text = _DECIMAL_COMMA.sub(r"\1.\2", text) if points else text
        for number, spelling in _NUMBERS:
            text = number.sub(spelling, text)
    return _BLANKS.sub(" ", text.replace("{", " ").replace("}", " "))


def _unmarked(text: str) -> str:
    """Write tags, JSON keys, boxes and LaTeX as plain words; what is struck out is left out."""
    if "<" in text or "[" in text:
        text = _FORMATTING.sub(lambda tag: "\n" if tag[1].lower() in ("p", "br", "li", "div") else "", text)
        text = _ANSWER_TAG.sub(lambda tag: "\n" if tag[2] else "\nanswer: ", text)
        text = _TAG.sub(lambda tag: f"\n{tag[1]}: ", _LETTER_TAG.sub(r"(\1)", text))
    if "boxed" in text or "fbox" in text:
        text = _unboxed(text)
    if "\\" in text or "sqrt" in text:
        for pattern, plain in _LATEX:
            text = pattern.sub(plain, text)
    if "○" in text and "●" in text:
        text = text.replace("○", "✗").replace("●", "✓")
    if "~~" in text:
        text = _STRUCK.sub(" ", text)
    if '":' in text:
        text = _KEY.sub(lambda key: f"\n{'answer' if _ANSWER_KEY.fullmatch(key[1]) else key[1]}: ", text)
    return text


def _with_digits(text: str) -> str:
    text = _NUMBER_WORD.sub(
        lambda found: found[0] if found["pronoun"] else str(_WORDS.index(found["word"].lower())), text
    )
    return _TEN.sub(lambda word: _TENS[word[1].lower()], text)


def _unboxed(text: str) -> str:
    r"""Write what `\boxed{...}` contains as a line of its own."""
    parts, position = [], 0
    for box in _BOX.finditer(text):
        if box.start() >= position:
            end = _closing(text, box.end() - 1)
            parts += [text[position : box.start()], " answer: ", text[box.end() : end], "\n"]
            position = end + 1
    return "".join((*parts, text[position:]))


def _closing(text: str, opened: int) -> int:
    depth = 0
    for position in range(opened, min(len(text), opened + _BOX_LIMIT)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0 or text[position] == "\n":
            return position
    return min(len(text), opened + _BOX_LIMIT)
