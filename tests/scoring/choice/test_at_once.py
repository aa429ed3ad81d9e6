"""Replies that need no grammar."""

from __future__ import annotations

import pytest

from prism_engine.scoring.choice.at_once import read_at_once
from tests.readings.labelled import OPTIONS, lettered

ANIMALS = lettered(OPTIONS["animals"])


@pytest.mark.parametrize(
    "reply",
    [
        *("B", "(B)", "**B**", "B.", "Answer: B", "The correct answer is B.", "\\boxed{B}", "<answer>B</answer>"),
        *("B. dog", "(B) dog", "**B. dog**", "Answer: B) dog."),
    ],
)
def test_a_letter_and_a_letter_with_its_own_text_are_read_at_once(reply):
    assert read_at_once(reply, ANIMALS) == "B"


@pytest.mark.parametrize("reply", ["", "b", "E", "B. cat", "B or C", "Not B", "A dog", "B. " + "dog " * 100])
def test_all_others_are_left_to_grammar(reply):
    assert read_at_once(reply, ANIMALS) is None
