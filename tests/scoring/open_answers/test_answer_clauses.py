"""Clauses and whether they commit to what they say."""

from __future__ import annotations

import pytest

from prism_engine.scoring.open_answers.answer_clauses import clauses_of, without_contrast


def committed(text):
    return [clause.text.strip(" ,;") for clause in clauses_of(text) if clause.commits]


@pytest.mark.parametrize(
    "text",
    [
        "If it were smaller, the answer would be 3.",
        "Were it smaller, it would be 3.",
        "One might say 3.",
        "Some people would answer 3.",
        "A common mistake is to count 3.",
        "Is it 3?",
        "I first thought of it as 3, as I thought it was 3.",
        "3 is wrong.",
        "This rules out 3.",
        "He asked whether it is 3.",
        "I doubt that it is 3.",
        "I would not say 3.",
        "Alternatively, 3.",
    ],
)
def test_what_is_supposed_reported_asked_or_taken_back_is_no_commitment(text):
    assert committed(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "It is 3.",
        "If we look at the axis, it is 3.",
        "I would say 3.",
        "There is no doubt: 3.",
        "If I had to guess, 3.",
    ],
)
def test_a_plain_statement_commits(text):
    assert committed(text) == [text]


def test_a_contrast_divides_a_sentence():
    assert committed("One might say 3, but it is 4.") == ["but it is 4."]
    assert committed("Although one might say 3, it is 4.") == ["it is 4."]


def test_a_retraction_is_marked():
    assert [clause.retracts for clause in clauses_of("It is 3. Wait, I misread it. It is 4.")] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It is not Paris but Rome.", "It is Rome."),
        ("Instead of Paris, it is Rome.", "it is Rome."),
        ("I'm not sure, but it is Rome.", "I'm not sure, but it is Rome."),
    ],
)
def test_the_denied_part_of_a_contrast_is_dropped(text, kept):
    assert without_contrast(text) == kept
