"""Letters and texts that are mentioned and not ruled out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Option
from prism_engine.scoring.choice.mentions import Choices, is_article, lowered

ANIMALS = (Option("A", "cat"), Option("B", "hot dog"), Option("C", "dog"), Option("I", "ox"))


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("maybe (B), maybe not", set()),
        ("It is (B). It is not C.", {"B"}),
        ("B and C", {"B", "C"}),
        ("A man eats and I watch", set()),
        ("A is what I mean", {"A"}),
        ("I.B.M. and T-shirts, vitamin-C, U.S.A., B's", set()),
        ("Z", {"Z"}),
        ("Z or B", {"B"}),
        ("B " * 300 + "C", {"B", "C"}),
        ("ABC", set()),
    ],
)
def test_named_letters_are_whole_words_that_are_not_ruled_out(text, letters):
    assert Choices(text, ANIMALS).named_letters() == letters


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("a hot dog", "B"),
        ("a dog", "C"),
        ("no cat, but a dog", "C"),
        ("hotdogs and oxen", None),
        ("cat and dog", None),
        ("First a cat. Then only a dog.", "C"),
        ("A hot dog", None),
    ],
)
def test_texts_are_whole_words_and_the_longest_counts(text, letter):
    assert Choices(text, ANIMALS).lone_text(multiple_named=False) == letter


def test_the_last_sentence_does_not_count_if_several_options_are_named():
    assert Choices("First a cat. Then only a dog.", ANIMALS).lone_text(multiple_named=True) is None


def test_an_article_is_followed_by_another_word():
    assert is_article("A man", "A", 1)
    assert is_article("I think", "I", 1)
    assert not is_article("A because", "A", 1)
    assert not is_article("A Man", "A", 1)
    assert not is_article("B man", "B", 1)


@given(st.text())
def test_lowering_keeps_every_position(text):
    assert len(lowered(text)) == len(text)
