"""The patterns of phrases around short answers."""

from __future__ import annotations

import pytest

from prism_engine.scoring.open_answers import phrases


@pytest.mark.parametrize(
    "text", ["The answer is ", "Answer:", "The answer to this question is ", "Die Antwort ist ", "答案是"]
)
def test_a_cue_announces_an_answer(text):
    assert phrases.CUE.search(text)


@pytest.mark.parametrize("text", ["No answer is given", "answering", "the answers differ"])
def test_other_uses_of_the_word_are_no_cue(text):
    assert phrases.CUE.search(text) is None


def test_what_is_added_to_an_answer_is_a_tail():
    for tail in (", which is red", " because it rains", ", not Paris", " in the picture", " (see the axis)"):
        assert phrases.TAILS.sub("", f"Rome{tail}") == "Rome"
