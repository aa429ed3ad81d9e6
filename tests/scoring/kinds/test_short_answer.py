"""Short answers: reading and comparing them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.scoring.kinds.short_answer import matches, read_short_answer


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("12.5", "12.5"),
        ("The area is large.\nAnswer: 12.5 m", "12.5 m"),
        ("Answer: 3\nNo, wait.\nThe answer is 4.", "4"),
        ("So $\\boxed{\\text{north}}$.", "north"),
        ("<answer>ink</answer> as said", "ink"),
        ("**Answer:** red", "red"),
        ("Thinking about it\n\nsulphur\n", "sulphur"),
        ("\uff11\uff12", "12"),
        ("", None),
        ("...", None),
    ],
)
def test_the_answer_is_the_last_one_given(reply, answer):
    assert read_short_answer(reply) == answer


@pytest.mark.parametrize(
    ("answer", "target", "right"),
    [
        ("12.5", "12.5", True),
        ("12.50 m", "12.5", True),
        ("1,250", "1250", True),
        ("112.55", "12.5", False),
        ("-3", "3", False),
        ("3 or 4", "3", False),
        ("twelve", "12", False),
        ("the Red Sea", "red sea", True),
        ("redder seas", "red", False),
        ("red", "['blue', 'red']", True),
        ("2.3", "[2.3, 2.31]", True),
        ("x", "['unclosed", False),
        ("['unclosed", "['unclosed", True),
        (None, "red", False),
        ("red", "", False),
        ("it might be red or blue or green or yellow or violet or none of these at all", "red", False),
    ],
)
def test_numbers_and_words_are_compared_as_such(answer, target, right):
    assert matches(answer, target) is right


@given(st.text(max_size=200), st.text(max_size=50))
@settings(max_examples=200, deadline=None)
def test_any_texts_are_compared(reply, target):
    assert matches(read_short_answer(reply), target) in (True, False)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["answer is ", "boxed{", "1,", "\n", "[", "-", "{", "9"])
def test_a_megabyte_of_any_text_is_read_in_time(piece):
    reply = piece * (1_000_000 // len(piece))
    assert matches(read_short_answer(reply), reply) in (True, False)
