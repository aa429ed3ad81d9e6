"""Guesses for unanswered questions."""

from __future__ import annotations

import pytest

from prism_engine.scoring import guess_is_right


@pytest.mark.parametrize("ways", [1, 2, 4, 7])
def test_a_guess_is_right_as_often_as_chance_says(ways):
    right = sum(guess_is_right(str(index), ways) for index in range(20_000))
    assert right / 20_000 == pytest.approx(1 / ways, abs=0.012)


def test_a_row_is_guessed_the_same_each_time_and_differently_under_another_seed():
    drawn = [guess_is_right(str(index), 4) for index in range(200)]
    assert drawn == [guess_is_right(str(index), 4) for index in range(200)]
    assert drawn != [guess_is_right(str(index), 4, seed=1) for index in range(200)]


def test_any_index_may_be_guessed():
    assert guess_is_right("\ud800", 1)
