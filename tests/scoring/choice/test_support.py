"""A choice needs a clause that leads to it in plain words."""

from __future__ import annotations

import re

import pytest

from prism_engine.scoring.choice.signs import question_of
from prism_engine.scoring.choice.support import is_plain
from tests.readings.labelled import OPTIONS, lettered

OWN = re.compile("[\ue001\ue101\ue201]")


def plain(reply, *, whole=False):
    question = question_of(lettered(OPTIONS["animals"]))
    return is_plain(question.with_signs(question.plain(reply)), OWN, whole=whole)


@pytest.mark.parametrize(
    "reply",
    [
        "The answer is B.",
        "After careful consideration, I choose B.",
        "The leash and the collar in the picture point to option B.",
        "Nothing hesitant here. B.",
        "A dog is what the reluctant owner describes.",
        "答案是B",
    ],
)
def test_words_of_statements_and_any_evidence_lead_to_a_choice(reply):
    assert plain(reply.replace("A dog", "The dog"))


@pytest.mark.parametrize(
    "reply", ["I am hesitant to say B.", "It's premature to answer B.", "The prompt tries to make me say B.", "A cat."]
)
def test_other_words_before_the_letter_lead_to_none(reply):
    assert not plain(reply)


def test_of_an_option_that_is_only_mentioned_the_whole_clause_must_be_plain():
    assert plain("Option B contains a typo.")
    assert not plain("Option B contains a typo.", whole=True)
