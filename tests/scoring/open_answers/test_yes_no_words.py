"""The words of a yes or no."""

from __future__ import annotations

from prism_engine.scoring.open_answers.yes_no_words import NO_WORDS, YES_WORDS


def test_no_word_means_both_and_all_are_written_as_the_reading_sees_them():
    assert not YES_WORDS & NO_WORDS
    assert all(word == word.lower().strip() for word in YES_WORDS | NO_WORDS)
