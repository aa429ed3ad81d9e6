"""Explicit statements, and their positions."""

from __future__ import annotations

import pytest

from prism_engine.records import Option
from prism_engine.scoring.choice.mentions import Choices
from prism_engine.scoring.choice.statements import last_statement

ANIMALS = (Option("A", "cat"), Option("B", "dog"), Option("C", "red apple"))


@pytest.mark.parametrize(
    ("text", "letter", "position"),
    [
        ("Answer: A\nAnswer: B", "B", 10),
        ("B is correct. The answer is not A.", "B", 0),
        ("so it is a dog", "B", 0),
        ("Answer: B\nA is what I thought first.", "B", 0),
        ("I choose B, and so on", "B", 2),
        ("The answer is A or B", None, 4),
        ("cats\ndog", "B", 5),
    ],
)
def test_the_last_one_counts(text, letter, position):
    assert last_statement(text, Choices(text, ANIMALS)) == (position, letter)


@pytest.mark.parametrize(
    "text",
    [
        *("", "persons B.", "the questions and answers", "cat\ndog\nred apple", "so B goes on"),
        "Option B: dog. Option C: red apple",
    ],
)
def test_mentions_are_not_statements(text):
    assert last_statement(text, Choices(text, ANIMALS)) is None


def test_letters_of_a_list_of_options_are_not_statements_but_a_repeated_one_is():
    listed = "A. cat\nB. dog\nC. red apple"
    assert last_statement(listed, Choices(listed, ANIMALS)) is None
    decided = f"{listed}\n\nB. dog"
    assert last_statement(decided, Choices(decided, ANIMALS)) == (len(listed) + 2, "B")
