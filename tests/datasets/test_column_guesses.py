"""Guesses of misspelt columns."""

from __future__ import annotations

import pytest

from prism_engine.datasets.column_guesses import likely, misspelt


@pytest.mark.parametrize(
    ("wanted", "typed"),
    [
        *(("answer", "anwser"), ("answer", "answr"), ("answer", "asnwer"), ("answer", "answers"), ("answer", "ansewr")),
        *(("question", "qestion"), ("question", "quesiton"), ("image", "imgae"), ("image_path", "imagepath")),
        *(("category", "catgory"), ("options", "optoins"), ("hint", "hints"), ("gold_description", "gold_desciption")),
        *(("index", "indx"), ("split", "splitt")),
    ],
)
def test_a_misspelt_name_is_recognised(wanted, typed):
    assert misspelt(wanted, ["score", typed, "other"]) == typed


@pytest.mark.parametrize(
    ("wanted", "other"),
    [
        *(("answer", "answer_type"), ("answer", "answer_a"), ("question", "question_id"), ("image", "image_path")),
        *(("hint", "point"), ("category", "story"), ("image", "page"), ("split", "spot")),
    ],
)
def test_another_word_is_no_misspelt_one(wanted, other):
    assert misspelt(wanted, [other]) is None


def test_other_tools_names_are_known():
    assert likely("answer", ["x", "ground_truth"]) == "ground_truth"
    assert likely("answer", ["x"]) is None
    assert likely("category", ["x"]) is None
