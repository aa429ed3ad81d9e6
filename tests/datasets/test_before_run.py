"""What is said about a benchmark before the first call."""

from __future__ import annotations

import pytest

from prism_engine.datasets import open_benchmark, require_pictures, require_scorable, run_notes
from prism_engine.errors import DatasetError
from prism_engine.records import AnswerKind

from .conftest import payload

SOUND = {"question": "Which?", "A": "red", "B": "blue", "answer": "B"}


@pytest.fixture
def bench(tables, cache):
    """Open a table of rows that are like a sound one apart from some cells; None leaves a column out."""

    def opened(*changes, name="Toy"):
        whole = [{"index": str(at), "image": payload(at)} | SOUND | change for at, change in enumerate(changes)]
        rows = [{name: cell for name, cell in row.items() if cell is not None} for row in whole]
        return open_benchmark(tables.write(*rows, name=name), cache)

    return opened


LETTERS_ONLY = {"A": None, "B": None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": None, "anwser": "B"}, r"column 'anwser': there is no column 'answer', .* did you mean 'anwser'\?"),
        (LETTERS_ONLY | {"optoins": "['red', 'blue']"}, "column 'optoins': the answers are letters, but no options"),
        (LETTERS_ONLY | {"options": "red, blue"}, "probably in column 'options', where the first row has 'red, blue'"),
        (LETTERS_ONLY | {"candidates": "x"}, "probably in column 'candidates'"),
        (LETTERS_ONLY | {"level": "3"}, r"none of its other columns looks like options \(level\)"),
        (
            LETTERS_ONLY | {"options": "red or blue", "answer": "red"},
            r"column 'options': is no list .* has 'red or blue'",
        ),
        (LETTERS_ONLY | {"a": "red", "b": "blue", "answer": "a, b"}, "is 'a, b': 2 right options"),
        ({"answer": "E"}, r"no answer is the letter or the text .* Row 1 \(index 0\): is 'E'; the options are A, B"),
        ({"answer": "1"}, "option B if the first is 0, A if it is 1"),
        (
            {"answer": None, "ground_truth": "many"},
            r"column 'ground_truth': there is no column 'answer', .* did you mean",
        ),
        (
            LETTERS_ONLY | {"endings": "['red', 'blue']", "answer": "red"},
            r"column 'endings': holds options \(the first row has .*call it `options`",
        ),
        (
            LETTERS_ONLY | {"Optoin A": "red", "Optoin B": "blue", "answer": "red"},
            r"column 'optoin a': holds options \(the first row has 'red'\).*call it 'option a'",
        ),
        ({"answer": "AB"}, r"no answer is the letter .*is 'AB': 2 right options"),
    ],
)
def test_a_run_that_could_not_be_scored_is_refused_with_the_column(bench, change, message):
    with bench(change, change) as benchmark:
        with pytest.raises(DatasetError, match=message) as caught:
            require_scorable(benchmark, 2, None)
        assert "--answer-kind open" in str(caught.value)
        require_scorable(benchmark, 2, AnswerKind.OPEN)
        assert list(run_notes(benchmark, 2, AnswerKind.OPEN)) == []


LEFT_OUT = "looks like an option, but is not read with A, B, so the model would not see it"
ALL_NAMED = {"option_a": "red", "option_b": "blue"}


@pytest.mark.parametrize(
    "change",
    [
        {"option_c": "green"},
        {"c": "green"},
        {"optoin_c": "green"},
        LETTERS_ONLY | ALL_NAMED | {"optionn c": "green"},
        LETTERS_ONLY | ALL_NAMED | {"choice_c": "green"},
        LETTERS_ONLY | {"option1": "red", "option2": "blue", "option4": "green"},
        LETTERS_ONLY | {"a": "red", "b": "blue", "d": "green"},
    ],
)
def test_an_option_that_the_model_would_not_see_is_refused(bench, change):
    with bench(change) as benchmark, pytest.raises(DatasetError, match=LEFT_OUT):
        require_scorable(benchmark, 1, None)


@pytest.mark.parametrize(
    "change",
    [
        {"option_c": ""},
        {"option_c": "red"},
        {"option_a": "rouge"},
        {"x": "3", "y": "4"},
        {"optimum 1": "3"},
        {"choice": "z"},
    ],
)
def test_a_column_that_is_no_further_option_is_not_refused(bench, change):
    with bench(change, change) as benchmark:
        require_scorable(benchmark, 2, None)


@pytest.mark.parametrize(("column", "cells"), [("key", "BA"), ("antwort", ("blue", "red")), ("label_idx", "10")])
def test_a_column_of_options_under_another_name_is_taken_for_the_answers(bench, column, cells):
    wanted = f"there is no column 'answer', .* did you mean '{column}'"
    with (
        bench(*({"answer": None, column: cell} for cell in cells)) as benchmark,
        pytest.raises(DatasetError, match=wanted),
    ):
        require_scorable(benchmark, 2, None)


@pytest.mark.parametrize(
    ("change", "notes"),
    [
        (LETTERS_ONLY | {"answer": "red", "answers": "['red', 'crimson']"}, []),
        (LETTERS_ONLY | {"answer": "red", "tags": "['red', 'big']"}, ["column 'tags': holds a list that contains"]),
    ],
)
def test_lists_that_need_not_be_options_stop_no_run(bench, change, notes):
    with bench(change, change) as benchmark:
        require_scorable(benchmark, 2, None)
        *said, scoring = run_notes(benchmark, 2, None)
    assert "nothing says how its answers are scored" in scoring
    assert len(said) == len(notes)
    assert all(wanted in note for wanted, note in zip(notes, said, strict=True))


def test_a_column_of_letters_that_may_be_groups_stops_no_run(bench):
    with bench({"answer": None, "group": "A"}, {"answer": None, "group": "B"}) as benchmark:
        require_scorable(benchmark, 2, None)
        (note,) = run_notes(benchmark, 2, None)
    assert "if 'group' holds the answers, call it 'answer'" in note


def test_one_letter_in_all_rows_is_no_sign_of_answers(bench):
    with bench(*[{"answer": None, "group": "A"}] * 3) as benchmark:
        require_scorable(benchmark, 3, None)
        assert list(run_notes(benchmark, 3, None)) == ["Toy: there is no column 'answer', so nothing is scored"]


def test_rows_without_a_question_and_words_for_empty_cells_are_noted(bench):
    with bench({"question": ""}, {"C": "nan"}, {"C": "\\N"}, {"C": "nan bread"}) as benchmark:
        empty, leaked = run_notes(benchmark, 4, None)
    assert "column 'question': is empty in 1 row" in empty
    assert "2 rows have options such as 'nan'" in leaked
    with bench({"question": " "}) as benchmark, pytest.raises(DatasetError, match="'question': is empty in every row"):
        require_scorable(benchmark, 1, None)


def test_a_column_that_the_scorer_needs_is_noted(bench):
    with bench({"A": None, "B": None, "answer": "yes"}, name="POPE") as benchmark:
        assert any("column 'category': there is no such column, but pope needs it" in note for note in run_notes(
            benchmark, 1, None
        ))  # fmt: skip


def test_several_right_options_in_one_row_are_refused_if_the_run_reaches_it(bench):
    with bench({}, {}, {"answer": "A, B"}) as benchmark:
        require_scorable(benchmark, 2, None)
        with pytest.raises(DatasetError, match=r"row 3 \(index 2\), column 'answer': is 'A, B': several right options"):
            require_scorable(benchmark, 3, None)


def test_letters_that_are_compared_as_texts_need_no_options(bench):
    with bench(LETTERS_ONLY, LETTERS_ONLY) as benchmark:
        require_scorable(benchmark, 2, AnswerKind.EXACT)


@pytest.mark.parametrize(
    "change", [{}, {"answer": ""}, {"A": None, "B": None, "answer": "yes"}, {"A": None, "B": None, "answer": ""}]
)
def test_a_sound_benchmark_and_one_without_answers_need_no_word(bench, change):
    with bench(change, change) as benchmark:
        require_scorable(benchmark, 2, None)
        require_pictures(benchmark)
        assert list(run_notes(benchmark, 2, None)) == []


def test_rows_left_out_answers_that_are_no_option_and_misspelt_columns_are_noted(bench):
    with bench({"catgory": "x"}, {"image": ""}, {"answer": "E"}) as benchmark:
        dropped, column, answers = run_notes(benchmark, 2, None)
    assert dropped == "Toy: 1 row has no picture and is left out, of 3"
    assert column == "Toy: column 'catgory': is not used; did you mean 'category'?"
    assert answers.startswith("Toy: 1 of 2 answers are none of their row's options")
    assert "Row 3 (index 2): is 'E'" in answers


def test_columns_that_look_like_options_but_are_not_read_are_noted(bench):
    with bench(LETTERS_ONLY | {"a": "3", "b": "4", "answer": "5"}) as benchmark:
        require_scorable(benchmark, 1, None)
        note, scoring = run_notes(benchmark, 1, None)
    assert "nothing says how its answers are scored" in scoring
    assert note.startswith("Toy: column 'a': there are columns that look like options")
    with bench({}, LETTERS_ONLY | {"choices": "red or blue", "answer": "red"}) as benchmark:
        require_scorable(benchmark, 2, None)
        assert "column 'choices': is no list of options in 1 row," in "".join(run_notes(benchmark, 2, None))


def test_another_tool_s_answer_column_is_noted(bench):
    with bench({"answer": None, "label": "7"}) as benchmark:
        require_scorable(benchmark, 1, None)
        (note,) = run_notes(benchmark, 1, None)
    assert "so nothing is scored; if 'label' holds the answers, call it 'answer'" in note


@pytest.mark.parametrize("change", [{"image": ""}, {"image": None, "photo": "a.jpg"}])
def test_a_table_of_text_has_all_its_rows_and_no_pictures(bench, change):
    with bench(change, change | {"gold_description": "x"}) as benchmark:
        assert (len(benchmark), benchmark.dropped, [sample.images for sample in benchmark]) == (2, 0, [(), ()])
        require_scorable(benchmark, 2, None)
        with pytest.raises(DatasetError, match="no row has a picture; only --mode blind"):
            require_pictures(benchmark)


def test_answers_that_nothing_says_how_to_score_are_noted(bench):
    with bench(LETTERS_ONLY | {"answer": "a red one"}) as benchmark:
        (note,) = run_notes(benchmark, 1, None)
        assert list(run_notes(benchmark, 1, AnswerKind.EXACT)) == []
    assert "nothing says how its answers are scored" in note
