"""Short answers under the published measures."""

from __future__ import annotations

import pytest

from prism_engine.scoring.kinds.anls import anls
from prism_engine.scoring.kinds.exact import exact
from prism_engine.scoring.open_answers.comparing import forms, same_number, score_short
from prism_engine.scoring.open_answers.quantities import quantity_of


@pytest.mark.parametrize(
    ("reply", "scored"),
    [
        ("The answer is Rome.", (1.0, "Rome")),
        ("Paris.", (0.0, "Paris")),
        ("It cannot be determined from the description.", (0.0, "Z")),
        ("Is it Rome?", (0.0, None)),
        ("not Rome", (0.0, "not Rome")),
    ],
)
def test_a_score_comes_with_the_answer_read(reply, scored):
    assert score_short(reply, ["Rome"], exact) == scored


def test_a_denied_answer_is_not_similar_to_what_it_denies():
    assert anls("not Paris", ["Paris"]) > 0.5
    assert score_short("not Paris", ["Paris"], anls)[0] == 0.0
    assert score_short("Not applicable", ["not applicable"], anls)[0] == 1.0


def test_a_bare_number_is_compared_with_a_number_and_its_unit():
    assert forms("12 cm", ["12", "13"]) == ["12 cm", "12"]
    assert forms("12 cm", ["12 m"]) == ["12 cm"]
    assert forms("12 million", ["12"]) == ["12 million"]


@pytest.mark.parametrize(
    ("answer", "gold", "same"),
    [("12%", "12", True), ("0.12", "12%", True), ("0.5%", "0.5", False), ("50%", "0.5", True), ("12", "13", False)],
)
def test_a_percent_sign_may_be_left_out_of_numbers_above_1(answer, gold, same):
    read, right = quantity_of(answer), quantity_of(gold)
    assert read is not None
    assert right is not None
    assert same_number(read, right) is same
