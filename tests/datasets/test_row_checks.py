from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.datasets.row_checks import flaws
from prism_engine.datasets.rows import Row
from prism_engine.records import AnswerKind

CHOICE = {"A": "red", "B": "blue", "answer": "B"}


def found(kind, pictures=1, index="1", **cells):
    row = Row(1, {"index": index, "question": "Which?", **cells})
    return [(flaw.level, flaw.what) for flaw in flaws(row, pictures, kind)]


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (None, CHOICE),
        (AnswerKind.CHOICE, CHOICE),
        (AnswerKind.CIRCULAR, CHOICE),
        (AnswerKind.CIRCULAR, CHOICE | {"index": "x7", "g_index": "7"}),
        (AnswerKind.MMMU, CHOICE | {"question": "See <image 1>."}),
        (AnswerKind.MMMU, {"answer": "12.5"}),
        (AnswerKind.YES_NO, {"answer": "yes"}),
        (AnswerKind.MME, {"answer": "No", "category": "OCR"}),
        (AnswerKind.HALLUSION, {"answer": "No", "category": "VD", "index": "VD_video_1_0_2_1"}),
        (AnswerKind.VQA, {"answer": "['a', 'b']"}),
        (AnswerKind.ANLS, {"answer": "[unreadable"}),
        (AnswerKind.OCRBENCH, {"answer": "['CENTRE']", "category": "Regular Text Recognition"}),
        (AnswerKind.CAPTION, {"answer": '["a cat"]'}),
        (AnswerKind.MATHVISTA, {"answer": "3", "question_type": "free_form", "answer_type": "integer"}),
        (AnswerKind.LLAVABENCH, {"category": "conv", "gpt4_ans": "x", "caption": "y"}),
        (AnswerKind.OPEN, {}),
        (None, {}),
    ],
)
def test_a_sound_row_has_no_flaw(kind, cells):
    assert found(kind, **cells) == []


@pytest.mark.parametrize(
    ("kind", "cells", "flaw"),
    [
        (None, {"question": " \n"}, ("error", "empty question")),
        (None, CHOICE | {"answer": "C"}, ("error", "answer not among the options")),
        (AnswerKind.CHOICE, CHOICE | {"answer": "b"}, ("error", "answer not among the options")),
        (AnswerKind.CHOICE, {"answer": "B"}, ("error", "question without options")),
        (AnswerKind.CHOICE, {"A": "red", "B": "blue"}, ("warning", "row without an answer")),
        (AnswerKind.CHOICE, CHOICE | {"A": "blue"}, ("warning", "duplicate options")),
        (AnswerKind.CHOICE, CHOICE | {"D": "green"}, ("warning", "gap in the options")),
        (AnswerKind.CHOICE, {"A": "red", "answer": "A"}, ("warning", "gap in the options")),
        (AnswerKind.CHOICE, CHOICE | {"A": "None"}, ("warning", "option that is an NA word")),
        (AnswerKind.CHOICE, CHOICE | {"A": "nan"}, ("warning", "leaked NA word")),
        (AnswerKind.CHOICE, CHOICE | {"hint": "nan"}, ("warning", "leaked NA word")),
        (None, {"category": "None"}, ("warning", "leaked NA word")),
        (AnswerKind.CIRCULAR, CHOICE | {"index": "x7"}, ("error", "index without a group")),
        (AnswerKind.MMMU, CHOICE | {"question": "See <image 2>."}, ("error", "missing picture")),
        (AnswerKind.YES_NO, {"answer": "maybe"}, ("error", "answer neither yes nor no")),
        (AnswerKind.MME, {"answer": "Yes"}, ("error", "empty cell that the scorer needs")),
        (AnswerKind.POPE, {"answer": "Yes"}, ("error", "empty cell that the scorer needs")),
        (AnswerKind.HALLUSION, {"answer": "No", "category": "VD", "index": "7"}, ("error", "malformed index")),
        (AnswerKind.VQA, {}, ("warning", "row without an answer")),
        (AnswerKind.OCRBENCH, {"answer": "x", "category": "c"}, ("error", "answer that is not a list")),
        (AnswerKind.CAPTION, {"answer": "[__import__('os')]"}, ("error", "answer that is not a list")),
        (AnswerKind.MATHVISTA, {"answer": "3", "answer_type": "text"}, ("error", "empty cell that the scorer needs")),
        (
            AnswerKind.MATHVISTA,
            {"answer": "3", "answer_type": "text", "question_type": "multi_choice"},
            ("error", "empty cell that the scorer needs"),
        ),
        (AnswerKind.LLAVABENCH, {"category": "conv", "caption": "y"}, ("error", "empty cell that the scorer needs")),
    ],
)
def test_a_broken_row_has_one_flaw(kind, cells, flaw):
    assert found(kind, **cells) == [flaw]


def test_an_unknown_picture_count_is_not_checked():
    assert found(AnswerKind.MMMU, pictures=None, question="See <image 5>.", **CHOICE) == []


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([None, *AnswerKind]), st.dictionaries(st.sampled_from("ABC"), st.text(max_size=9)), st.text())
def test_any_row_is_checked_without_an_error(kind, options, answer):
    for flaw in flaws(Row(1, {"index": "1", "question": "?", "answer": answer, **options}), 1, kind):
        assert flaw.level in ("error", "warning")
        assert flaw.reason
