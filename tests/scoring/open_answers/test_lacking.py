"""Replies that say they have no answer."""

from __future__ import annotations

import pytest

from prism_engine.scoring.open_answers.lacking import lacks_an_answer


@pytest.mark.parametrize(
    "reply",
    [
        "Sorry, I cannot answer. 12",
        "I'm sorry, but I can't help with that. 12",
        "We cannot determine the value. A typical one is 12.",
        "The description doesn't give the value for Italy; France is at 12.",
        "The chart does not show 2012. 2013 has 12.",
        "There isn't enough information; the only number is 12.",
        "No value is given for Peru. Chile has 12.",
    ],
)
def test_what_follows_an_inability_is_no_answer(reply):
    assert lacks_an_answer(reply)


@pytest.mark.parametrize(
    "reply",
    [
        "12. I cannot verify the rest.",
        "I don't have access to the picture. Answer: 12",
        "The exact value isn't labeled, but it is approximately 12.",
        "While no exact figure is given, I estimate 12.",
        "I don't know the exact number, but it's about 12.",
        "The bar that ends at 12 is red.",
    ],
)
def test_an_answer_before_it_an_announced_one_and_an_estimate_stay_answers(reply):
    assert not lacks_an_answer(reply)
