"""Options that are part of the question's text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.datasets.lettered import find_options, with_options
from prism_engine.datasets.rows import Row, column_name
from prism_engine.records import AnswerKind

WORDS = st.lists(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9).filter(lambda word: len(word) > 1),
    min_size=1,
    max_size=4,
).map(" ".join)


@pytest.mark.parametrize(
    ("text", "question", "options"),
    [
        (
            "Which one?\nOptions: A: The suitcase is on the book., B: beneath the cat, or beside it, C: x, D: y.",
            "Which one?",
            ["The suitcase is on the book.", "beneath the cat, or beside it", "x", "y."],
        ),
        (
            "Hint: Give a letter, e.g., A, B, C, D, at the end.\nQuestion: Is it?\nChoices:\n(A) Yes\n(B) No",
            "Hint: Give a letter, e.g., A, B, C, D, at the end.\nQuestion: Is it?",
            ["Yes", "No"],
        ),
        ("How many?\n(A) 1\n(B) 2\n(C) 3", "How many?", ["1", "2", "3"]),
        ("Which? Options: A. red B. blue", "Which?", ["red", "blue"]),
        ("Which?\nOptions:\nA. red\nB. blue\nPlease select one.", "Which?\nPlease select one.", ["red", "blue"]),
        ("When? Options: A: 12:30, B: 1:15", "When?", ["12:30", "1:15"]),
        ("Options: A: 1, B: 2", "", ["1", "2"]),
        ("Options: old ones. Options: A) 1, B) 2", "Options: old ones.", ["1", "2"]),
    ],
)
def test_options_are_taken_out_of_the_question(text, question, options):
    assert find_options(text) == (question, dict(zip("ABCDEFG", options, strict=False)))


@pytest.mark.parametrize(
    "text",
    [
        "What is it?",
        "Options: A: only one",
        "Options: A: , B: x",
        "Options: A: see, B: or, B: what",
        "Options: A: one, B: two, D: four",
        "Choose from options: A, B or C",
        "Options: B: one, C: two",
        "Options: A: x, B: y" + " " * 20_000,
    ],
)
def test_ambiguous_or_missing_options_are_left_alone(text):
    assert find_options(text) is None


@settings(max_examples=200, deadline=None)
@given(WORDS, st.lists(WORDS, min_size=2, max_size=6))
def test_both_published_layouts_come_back(question, options):
    lettered = dict(zip("ABCDEF", options, strict=False))
    inline = "Options: " + ", ".join(f"{letter}: {text}" for letter, text in lettered.items())
    lines = "Choices:\n" + "\n".join(f"({letter}) {text}" for letter, text in lettered.items())
    for layout in (inline, lines):
        assert find_options(f"{question}?\n{layout}") == (f"{question}?", lettered)


@settings(max_examples=300, deadline=1000)
@given(st.text(st.sampled_from("OptionsChoices:ABCD(). ,;\n\t"), max_size=400) | st.text(max_size=200))
def test_any_text_is_read_without_an_error(text):
    found = find_options(text)
    assert found is None or (len(found[1]) >= 2 and all(found[1].values()))


def test_runs_of_blanks_and_markers_are_fast():
    """Each is read 20 times; a backtracking pattern would take minutes and exceed the test timeout."""
    runs = (
        "\n" * 19_000,
        "Options:" + " " * 19_000,
        "Options: A: " + "\n " * 9_000,
        "Options " * 2_400,
        "(A) " * 4_900,
    )
    for text in (*runs, "Options: A: x" + ", B:" * 4_800, "Options: A: x" + " \t" * 9_000 + "B: y z"):
        for _ in range(20):
            find_options(text)


def row(**cells):
    return Row(1, {"index": "1", "question": "Which? Options: A: red, B: blue", **cells})


@pytest.mark.parametrize("kind", [None, AnswerKind.CHOICE, AnswerKind.CIRCULAR, AnswerKind.MMMU])
def test_a_row_gets_its_options_in_columns(kind):
    assert with_options(row(answer="B"), kind).cells == {
        "index": "1", "question": "Which?", "answer": "B", "A": "red", "B": "blue",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"answer": "C"}, AnswerKind.CHOICE),
        ({"answer": "red"}, None),
        ({"answer": ""}, None),
        ({"answer": "B", "A": "red", "B": "blue"}, AnswerKind.CHOICE),
        ({"answer": "B"}, AnswerKind.MATHVISTA),
        ({"answer": "B"}, AnswerKind.OPEN),
    ],
)
def test_a_row_is_left_alone_where_its_answer_is_no_such_option_or_its_kind_has_none(cells, kind):
    assert with_options(row(**cells), kind) == row(**cells)


@pytest.mark.parametrize(
    "cells",
    [
        {"options": "['red', 'blue']"},
        {"choices": "A. red\nB. blue"},
        {"options": "A: red, B: blue"},
        {"Option_A": "red", "Option_B": "blue"},
        {"A": "A. red", "B": "B. blue"},
        {"a": "red", "b": "blue"},
    ],
)
@pytest.mark.parametrize("answer", ["B", "b", "(B)", "blue", "B. blue"])
@pytest.mark.parametrize("kind", [None, AnswerKind.CHOICE, AnswerKind.MMMU])
def test_options_from_every_layout_and_answers_in_every_form_give_the_same_row(cells, answer, kind):
    plain = {column_name(name): cell for name, cell in cells.items()}
    read = with_options(Row(1, {"index": "1", "question": "Which?", "answer": answer, **plain}), kind)
    assert read.cells == {"index": "1", "question": "Which?", "answer": "B", "A": "red", "B": "blue"}


def test_options_that_are_in_the_question_as_well_are_asked_once():
    cells = {"question": "Which?\n(A) red\n(B) blue", "options": "['red', 'blue']", "answer": "blue"}
    assert with_options(Row(1, {"index": "1", **cells}), None).cells == {
        "index": "1", "question": "Which?", "answer": "B", "A": "red", "B": "blue",
    }  # fmt: skip


def test_rotated_options_keep_their_own_letters():
    cells = {"index": "1", "question": "?", "A": "A. red", "B": "B. blue", "answer": "A"}
    assert with_options(Row(1, cells), AnswerKind.CIRCULAR).cells == cells


@pytest.mark.parametrize("answer", ["?", "-1", "hidden"])
def test_an_answer_that_is_kept_secret_is_none(answer):
    assert with_options(row(A="red", B="blue", answer=answer), None).cells["answer"] == ""


def test_without_answers_the_kind_alone_says_that_there_are_options():
    assert with_options(row(), AnswerKind.CHOICE).cells["B"] == "blue"
