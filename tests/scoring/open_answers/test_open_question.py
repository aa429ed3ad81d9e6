"""Open questions of MMMU."""

from __future__ import annotations

import pytest

from prism_engine.scoring.open_answers.open_question import score_open


@pytest.mark.parametrize(
    ("reply", "gold", "score"),
    [
        ("\\frac{1}{2}", "\\frac{1}{2}", 1.0),
        ("\\dfrac12", "\\frac{1}{2}", 1.0),
        ("1/2", "0.5", 1.0),
        ("1/3", "0.33", 1.0),
        ("4e-5", "2e-5", 0.0),
        ("12 m", "12 cm", 0.0),
        ("24", "24 ft", 1.0),
        ("the Red Sea", "red sea", 1.0),
        ("not Paris but London", "London", 1.0),
        ("not Paris but London", "Paris", 0.0),
        ("It is not Paris", "Paris", 0.0),
        ("London or Paris", "London", 0.0),
        ("London", "", 0.0),
        ("I cannot determine the answer.", "London", 0.0),
    ],
)
def test_right_ones_are_found_however_both_are_written(reply, gold, score):
    assert score_open(reply, [gold])[0] == score
