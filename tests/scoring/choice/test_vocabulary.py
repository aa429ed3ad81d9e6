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
        (words.WRONG, "c is ruled out"),
        (words.ANSWER, "правильный ответ"),
        (words.CHOOSE, "我选"),
        (words.RIGHT, "c checks out"),
    ],
)
def test_words_are_found_in_their_language(pattern, text):
    assert re.search(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [(words.NOT, "a note"), (words.WRONG, "outside"), (words.WRONG, "c checks out"), (words.ANSWER, "bones")],
)
def test_a_word_is_a_whole_word(pattern, text):
    assert not re.search(pattern, text)
