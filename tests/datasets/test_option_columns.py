"""Columns that hold options under other names."""
# ruff: noqa: RUF001 - Chinese files have full-width punctuation

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.datasets.option_columns import (
    find_in_columns,
    left_out,
    look_like_options,
    may_be_left_out,
    meant_options,
    option_columns,
    without_letters,
)
from prism_engine.datasets.rows import column_name

AB = {"A": "red", "B": "blue"}


@pytest.mark.parametrize(
    "names",
    [
        *(("option_A", "option_B"), ("Option A", "Option B"), ("optionA", "optionB"), ("Option.A", "Option.B")),
        *(("option-a", "option-b"), ("OPTION_A", "OPTION_B"), ("choice_a", "choice_b"), ("Choice A", "Choice B")),
        *(("option_1", "option_2"), ("option0", "option1"), ("choice1", "choice2"), ("options.0", "options.1")),
        *(("opa", "opb"), ("A.", "B."), ("(A)", "(B)"), ("a)", "b)"), ("candidate_1", "candidate_2")),
        *(("options[0]", "options[1]"), ("option_a_text", "option_b_text"), ("choices__001", "choices__002")),
    ],
)
def test_names_that_say_what_they_are_need_no_answer(names):
    cells = dict(zip(map(column_name, names), ("red", "blue"), strict=True))
    found = find_in_columns({"index": "1", "question": "?", **cells})
    assert found is not None
    assert found.options == AB
    assert found.columns == tuple(cells)


@pytest.mark.parametrize("names", [("a", "b"), ("answera", "answerb"), ("answer_a", "answer_b")])
def test_other_names_are_options_only_if_the_answer_is_one_of_them(names):
    cells = dict(zip(names, ("red", "blue"), strict=True))
    for answer in ("B", "b", "(b)", "blue"):
        found = find_in_columns(cells | {"answer": answer})
        assert found is not None
        assert found.options == AB
    for answer in ("", "12.5", "green"):
        assert find_in_columns(cells | {"answer": answer}) is None


def test_the_sides_of_a_triangle_are_no_options():
    assert find_in_columns({"a": "3", "b": "4", "answer": "4"}) is None


@pytest.mark.parametrize(
    "names", [("a",), ("option_b", "option_c"), ("1", "2"), ("answer_1", "answer_2"), ("opt",), ("x", "y"), ()]
)
def test_names_that_do_not_begin_with_the_first_option_are_no_options(names):
    assert option_columns(names) == ()


def test_empty_columns_are_left_out_and_lists_come_first():
    cells = {"option_a": "red", "option_b": "", "option_c": "blue"}
    assert find_in_columns(cells) == ({"A": "red", "C": "blue"}, ("option_a", "option_b", "option_c"))
    assert find_in_columns(cells | {"options": "['x', 'y']"}) == ({"A": "x", "B": "y"}, ("options",))
    assert find_in_columns({"options": "free text", "answer": "A"}) is None
    assert look_like_options(["index", "options", "a", "b"]) == ["options", "a", "b"]


@pytest.mark.parametrize("style", ["{}. {}", "({}) {}", "{}) {}", "{}: {}", "[{}] {}", "{} - {}", "{}、{}", "{}）{}"])
def test_letters_in_front_of_options_are_taken_off(style):
    options = {letter: style.format(letter, text) for letter, text in AB.items()}
    assert without_letters(options) == AB
    small = {letter: style.format(letter.lower(), text) for letter, text in AB.items()}
    assert without_letters(small) == AB


@pytest.mark.parametrize(
    "options",
    [
        AB,
        {"A": "A. red", "B": "blue"},
        {"A": "B. red", "B": "A. blue"},
        {"A": "A.D. 300", "B": "B.C. 200"},
        {"A": "A", "B": "B"},
        {"A": "A. red"},
        {"A": "A red car", "B": "B movie"},
    ],
)
def test_options_that_only_begin_alike_are_kept(options):
    assert without_letters(options) == options


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9)))
def test_any_columns_are_searched_without_an_error(cells):
    find_in_columns(cells)
    look_like_options(list(cells))


@pytest.mark.parametrize("style", ["Option {}: ", "choice {} - ", "**{}.** ", "**({})** ", "**{}**. "])
def test_words_and_bold_letters_in_front_of_options_are_not_doubled(style):
    written = {letter: style.format(letter) + text for letter, text in (("A", "red"), ("B", "blue"))}
    assert without_letters(written) == {"A": "red", "B": "blue"}
    assert without_letters(written | {"B": "blue"}) == written | {"B": "blue"}


def test_misspelt_options_are_named_as_they_are_meant():
    columns = ("question", "optoin a", "chioce_2", "option c", "opinion a", "answers")
    assert meant_options(columns) == {"optoin a": "option a", "chioce_2": "choice_2"}


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=5)))
def test_any_columns_may_be_looked_through_for_left_out_options(cells):
    assert set(left_out(cells)) <= set(cells)
    assert not left_out({name: text for name, text in cells.items() if may_be_left_out([name]) is False})
