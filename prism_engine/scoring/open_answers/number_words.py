"""Reads numbers written in words: "two hundred and five", "half a dozen", "three quarters", 二十五.

Only words that form one number are read. In "ten past eleven" or "two three" none is.
"""
# ruff: noqa: RUF001 - numbers are written in several scripts

from __future__ import annotations

import re
from typing import Final

_ONES: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL: Final = (
    {word: number for number, word in enumerate(_ONES)}
    | {word: 10 * number for number, word in enumerate(_TENS, 2)}
    | {"none": 0}
)
_SCALES: Final = {"dozen": 12, "hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_PARTS: Final = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_NOT_ALONE: Final = ("a", "an", "and", "point")
_WORD: Final = re.compile(r"[\s-]*([a-z]+)(?![\w'’])", re.IGNORECASE)
_MOST_WORDS: Final = 12
_CHINESE: Final = {sign: number for number, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_CHINESE_SCALES: Final = {"十": 10, "百": 100, "千": 1_000}
_COUNTERS: Final = "个個条條种種只隻年本位张張辆輛块次岁天月日元米人名座栋根匹头台件朵棵顆颗つ枚匹"
_CHINESE_NUMBER: Final = re.compile(
    rf"[零〇一二两兩三四五六七八九十百千万亿]{{1,12}}(?:(?![^\W\d_])|(?=[{_COUNTERS}](?![\u4e00-\u9fff]{{2}})))"
)
"""Behind a number is the end of the word or a counter: 一些 is "some"."""


def number_words(text: str, start: int) -> tuple[float, int] | None:
    """Return the number in words at a position of a text, and the position behind it; None if there is none."""
    if found := _CHINESE_NUMBER.match(text, start):
        value = _chinese(found[0])
        return None if value is None else (value, found.end())
    words, ends = _words(text, start)
    for length in range(len(words), 0, -1):
        value = _phrase(words[:length])
        if value is not None:
            # Another number right behind this one ("two three") means that this is none.
            return None if length < len(words) and words[length] not in _NOT_ALONE else (value, ends[length - 1])
    return None


def _words(text: str, start: int) -> tuple[list[str], list[int]]:
    """Return the words of numbers at a position, in lower case and without plural, and where each ends."""
    words: list[str] = []
    ends: list[int] = []
    while len(words) < _MOST_WORDS and (found := _WORD.match(text, start)):
        word = found[1].lower()
        if word == "halves":
            word = "half"
        elif words and word.removesuffix("s") in (*_SCALES, *_PARTS):  # "dozens" alone is no number
            word = word.removesuffix("s")
        if word not in _SMALL and word not in _SCALES and word not in _PARTS and word not in _NOT_ALONE:
            break
        start = found.end()
        words.append(word)
        ends.append(start)
    return words, ends


def _phrase(words: list[str]) -> float | None:
    if words[-1] in _NOT_ALONE:
        return None
    if "point" in words:
        return _decimal(words)
    if words[:2] in (["half", "a"], ["half", "an"]):
        return None if len(words) != 3 or words[2] not in _SCALES else _SCALES[words[2]] / 2
    if words[-1] in _PARTS:
        return _fraction(words)
    return _cardinal(words)


def _decimal(words: list[str]) -> float | None:
    whole, digits = _cardinal(words[: words.index("point")]), words[words.index("point") + 1 :]
    if whole is None or not digits or any(_SMALL.get(digit, 10) > 9 or digit in _NOT_ALONE for digit in digits):
        return None
    return whole + float("0." + "".join(str(_SMALL[digit]) for digit in digits))


def _fraction(words: list[str]) -> float | None:
    """Read "half", "a third", "three quarters", "two and a half"."""
    part = 1 / _PARTS[words[-1]]
    rest = words[:-1]
    if "and" in rest:
        cut = len(rest) - 1 - rest[::-1].index("and")
        whole = _cardinal(rest[:cut])
        times = _cardinal(rest[cut + 1 :])
        return None if whole is None or times is None else whole + times * part
    if not rest:
        return part if words[-1] == "half" else None  # a bare "third" or "quarter" is an ordinal or a period
    times = _cardinal(rest)
    return None if times is None else times * part


def _may_follow(number: float, last: float) -> bool:
    """Whether a small number continues the one before it: 7 in "twenty-seven", and anything after a scale."""
    return last >= 100 or (number < 10 < last and last % 10 == 0)


def _with_one(words: list[str]) -> list[str]:
    """Write the article of "a hundred" and "a third" as the number that it is."""
    before_a_scale = words[:1] in (["a"], ["an"]) and (len(words) == 1 or words[1] in _SCALES)
    return ["one", *words[1:]] if before_a_scale else words


def _cardinal(words: list[str]) -> float | None:
    total = current = 0.0
    words = _with_one(words)
    largest, last = float("inf"), float("inf")  # the scale and the word that the next one must be below
    for index, word in enumerate(words):
        if word == "and":
            if not index or words[index - 1] not in ("hundred", "thousand", "million", "billion"):
                return None
        elif word in _SMALL:
            number = _SMALL[word]
            if not _may_follow(number, last) or (index and not number):
                return None
            current, last = current + number, float(number)
        elif word in ("hundred", "dozen"):
            if last == 100:
                return None
            current, last = (current or 1.0) * _SCALES[word], 100.0
        else:
            scale = _SCALES.get(word)
            if scale is None or scale >= largest:
                return None
            total, current, largest, last = total + (current or 1.0) * scale, 0.0, float(scale), float("inf")
    return total + current if words else None


def _chinese(signs: str) -> float | None:
    """Read a Chinese number: 十二, 一百二十, 两百零五, 二十五万."""
    for unit, scale in (("亿", 1e8), ("万", 1e4)):
        if unit in signs:
            high, _, low = signs.partition(unit)
            above, below = _chinese(high) if high else None, _chinese(low) if low else 0.0
            return None if above is None or below is None else above * scale + below
    if len(signs) > 1 and all(sign in _CHINESE for sign in signs):
        if len(signs) == 2:
            return None  # 七八 is seven or eight
        return float("".join(str(_CHINESE[sign]) for sign in signs))  # 二〇一九
    total, current, smallest = 0.0, None, float("inf")
    for sign in signs:
        if sign in _CHINESE:
            if current:
                return None
            current = _CHINESE[sign]
        else:
            scale = _CHINESE_SCALES[sign]
            if scale >= smallest or current == 0:
                return None
            total, current, smallest = total + (1 if current is None else current) * scale, None, scale
    return total + (current or 0)
