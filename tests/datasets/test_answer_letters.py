"""Which option an answer cell means."""
# ruff: noqa: RUF001 - Chinese files have full-width punctuation

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.datasets.answer_letters import Numbering, letters_of, numbered, position_of, resolved

ANIMALS = {"A": "cat", "B": "dog", "C": "big sun", "D": "car."}


@pytest.mark.parametrize(
    "answer",
    [
        *(
            "B",
            "b",
            "(B)",
            "(b)",
            "B.",
            "B:",
            "b)",
            "[B]",
            "{B}",
            "B. dog",
            "(B) dog",
            "B: Dog",
            "Option B",
            "option b.",
        ),
        *("Answer: B", "The answer is B.", "\\boxed{B}", "$B$", "Ｂ", "（B）", "ⓑ", "['B']", '["b"]', "['dog']"),
        *("dog", "Dog", " DOG ", "dog."),
    ],
)
def test_a_letter_in_any_dress_and_the_option_s_text_are_the_letter(answer):
    assert resolved(answer, ANIMALS) == "B"


@pytest.mark.parametrize(
    "answer", ["", "E", "e", "(E)", "horse", "B. cat", "AC", "2", " B", "None of them", "x" * 30_000]
)
def test_other_answers_stay_as_they_are(answer):
    assert resolved(answer, ANIMALS) == answer


def test_a_small_letter_that_is_another_option_s_text_means_neither():
    assert resolved("a", {"A": "b", "B": "a"}) == "a"
    assert resolved("A", {"A": "b", "B": "a"}) == "A"
    assert resolved("AC", {"A": "DC", "B": "AC", "C": "none"}) == "B"


def test_an_option_s_number_is_its_text_unless_two_have_it():
    assert resolved("4.0", {"A": "3", "B": "4"}) == "B"
    assert resolved("4", {"A": "4.0", "B": "4.00"}) == "4"
    assert resolved("x", {"A": "x", "B": "x"}) == "x"


@pytest.mark.parametrize(
    "answer", ["AC", "A,C", "A, C", "A;C", "A/C", "A C", "A and C", "A&C", "['A', 'C']", '["A","C"]', "(A)(C)", "ac",
               "{A,C}", "A、C", "['cat', 'big sun']"],
)  # fmt: skip
def test_several_letters_are_recognised_as_such(answer):
    assert letters_of(answer, ANIMALS) == ("A", "C")
    assert resolved(answer, ANIMALS) == answer


@pytest.mark.parametrize("answer", ["A", "AA", "AE", "cat dog", "", "['cat', 'horse']", "A" * 500])
def test_other_answers_are_not_several_letters(answer):
    assert letters_of(answer, ANIMALS) is None


def first_of(*answers, options=ANIMALS):
    numbering = Numbering()
    for answer in answers:
        numbering.note(answer, resolved(answer, options), options)
    return numbering.first


def test_numbers_count_from_0_or_1_only_if_a_row_shows_it():
    assert first_of("0", "3", "2.0") == 0
    assert first_of("1", "4", "2") == 1
    assert first_of("1", "2", "3") is None
    assert first_of("0", "4") is None
    assert first_of("A", "B") is None


def test_numbers_that_are_an_option_s_text_leave_it_open():
    assert first_of("7", "0", options={"A": "7", "B": "8"}) is None


def test_a_number_is_a_letter_once_it_is_known_where_numbers_start():
    assert [numbered(at, 0, ANIMALS) for at in range(5)] == ["A", "B", "C", "D", None]
    assert [numbered(at, 1, ANIMALS) for at in range(5)] == [None, "A", "B", "C", "D"]
    assert position_of("5", ANIMALS) is None
    assert position_of("1", {}) is None


@settings(max_examples=300, deadline=1000)
@given(st.text(max_size=60) | st.text(st.sampled_from("ABand or(),.:{}'\"[]\\ "), max_size=300),
       st.dictionaries(st.sampled_from("ABCD"), st.text(max_size=9), max_size=4))  # fmt: skip
def test_any_answer_is_read_without_an_error(answer, options):
    read = resolved(answer, options)
    assert read == answer or read in options
    several = letters_of(answer, options)
    assert several is None or set(several) <= set(options)
