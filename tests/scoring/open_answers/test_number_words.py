"""Reading numbers written in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.scoring.open_answers.number_words import number_words

WORDS = (
    *("zero", "one", "two", "seven", "ten", "twelve", "twenty", "ninety", "hundred", "thousand", "million", "dozen"),
    *("half", "third", "quarters", "a", "an", "and", "point", "-", "or", "dogs"),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("twelve", 12),
        ("twenty-seven", 27),
        ("two hundred and five", 205),
        ("one thousand two hundred", 1200),
        ("twelve hundred", 1200),
        ("three million two hundred thousand", 3_200_000),
        ("a dozen", 12),
        ("half a dozen", 6),
        ("two dozen", 24),
        ("three quarters", 0.75),
        ("a third", 1 / 3),
        ("one and a half", 1.5),
        ("seven point five", 7.5),
        ("\u5341\u4e8c", 12),
        ("\u4e8c\u5341\u4e94", 25),
        ("\u4e24\u767e\u96f6\u4e94", 205),
        ("\u4e8c\u5341\u4e94\u4e07", 250_000),
        ("\u4e8c\u3007\u4e00\u4e5d", 2019),
        ("\u4e09\u4e2a", 3),
    ],
)
def test_a_number_in_words_is_read(text, value):
    found = number_words(text, 0)
    assert found is not None
    assert found[0] == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "third",
            "dozens",
            "hundreds of people",
            "two three",
            "five fifty",
            "ten twelve",
            "a",
            "and",
            "a dog",
            "tent",
        ),
        *("one's", "\u4e00\u4e9b", "\u4e03\u516b\u4e2a", "\u4e09\u661f"),
    ],
)
def test_what_is_no_one_number_is_not_read(text):
    assert number_words(text, 0) is None


@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_any_words_are_read_as_a_finite_number_or_none(text):
    found = number_words(text, 0)
    assert found is None or (0 <= found[0] < 1e20 and 0 < found[1] <= len(text))
