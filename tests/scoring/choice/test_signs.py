"""Mentions of options become signs."""

from __future__ import annotations

import pytest

from prism_engine.scoring.choice.signs import question_of
from tests.readings.labelled import OPTIONS, lettered


def shown(reply, name):
    """Return a reply with its signs as `<B>` (letter), `<B!>` (can be nothing else) or `<B=>` (by its text)."""
    question = question_of(lettered(OPTIONS[name]))
    text = question.with_signs(question.plain(reply))
    kinds = ("", "!", "=")
    return "".join(
        f"<{question.letter_of(char)}{kinds[(ord(char) >> 8) & 3]}>" if "\ue000" <= char <= "\ue2ff" else char
        for char in text
    )


@pytest.mark.parametrize(
    ("reply", "name", "signs"),
    [
        ("The answer is B.", "animals", "the answer is <B>."),
        ("(B) dog", "animals", "<B!>"),
        ("dog (B)", "animals", "<B!>"),
        ("A man has a dog.", "animals", "a man has <B=>."),
        ("I think so", "cities", "i think so"),
        ("Option I fits", "cities", "option <I!> fits"),
        ("the answer is (b)", "animals", "the answer is <B!>"),
        ("the answer is a secret", "animals", "the answer is a secret"),
        ("U.S. and T-shirt", "animals", "u.s. and t-shirt"),
        ("1200cm", "lengths", "<C=>"),
        ("112 cm", "lengths", "112 cm"),
        ("12 m", "lengths", "12 m"),
        ("-31", "formulas", "-31"),
        ("No, there is no dog", "verdicts", "<B=>, there is no dog"),
        ("X-ray and MRI", "both", "<C=>"),
        ("Only II", "romans", "<B=>"),
        ("a red car", "cars", "<B=>"),
        ("Option 2", "animals", "option <B!>"),
    ],
)
def test_a_mention_becomes_one_sign(reply, name, signs):
    assert shown(reply, name) == signs


def test_a_name_of_two_options_names_neither():
    question = question_of(lettered(("dog", "Dog.", "cat")))
    assert list(question.texts) == ["cat"]
