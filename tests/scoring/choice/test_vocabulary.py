"""The words of the grammar of replies."""

from __future__ import annotations

import re

import pytest

from prism_engine.scoring.choice import vocabulary as words


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (words.NOT, "it is not"),
        (words.NOT, "ではない"),
        (words.WRONG, "c is wrong"),
        (words.IF, "if it were"),
        (words.IF, "如果更大"),
        (words.OTHERS, "the students often say"),
        (words.REMARK, "a common mistake"),
        (words.ANSWER, "правильный ответ"),
        (words.CHOOSE, "我选"),
    ],
)
def test_words_are_found_in_their_language(pattern, text):
    assert re.search(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (words.NOT, "a note"),
        (words.IF, "a gift"),
        (words.REMARK, "mistaken"),
        (words.WRONG, "outside"),
        (words.ANSWER, "bones"),
    ],
)
def test_a_word_is_a_whole_word(pattern, text):
    assert not re.search(pattern, text)


def test_a_forced_choice_is_no_condition():
    assert not re.search(words.IF, words.FORCED.sub("", "if i had to choose, b"))
