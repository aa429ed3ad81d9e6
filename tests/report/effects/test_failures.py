"""Failure attribution from the arms."""

from __future__ import annotations

from itertools import product

import pytest

from prism_engine.report.effects.failures import Arms, Attribution, judge, verdict
from prism_engine.report.scores.aligned import align
from prism_engine.report.scores.finished import find_runs
from tests.finished import write_run


@pytest.mark.parametrize(
    ("decoupled", "direct", "oracle", "blind", "expected"),
    [
        (1, None, None, None, "solved"),
        (1, 0, 0, 0, "solved"),
        (1, 0, 0, 1, "solved without seeing"),
        (0, 0, 1, None, "perception: not seen"),
        (0, 1, 1, None, "perception: not said"),
        (0, None, 1, None, "perception"),
        (0, 1, 0, None, "reasoning"),
        (0, 0, 0, None, "perception and reasoning"),
        (0, None, 0, None, "reasoning at least"),
        (0, 1, None, None, "undecided"),
        (None, 1, 1, 1, "no answer"),
    ],
)
def test_the_rule(decoupled, direct, oracle, blind, expected):
    assert verdict(Arms(decoupled, direct, oracle, blind)) == expected


def test_every_combination_has_a_verdict_and_only_right_answers_are_solved():
    for scores in product((None, 0.0, 0.4, 0.6, 1.0), repeat=4):
        solved = verdict(Arms(*scores)) in (Attribution.SOLVED, Attribution.SOLVED_BLIND)
        assert solved == (scores[0] is not None and scores[0] > 0.5)


def test_a_run_is_judged_by_its_own_perceiver_s_and_reasoner_s_arms(tmp_path):
    write_run(tmp_path, [0, 0, 1, None])
    write_run(tmp_path, [0, 0, 0, 0], reasoner="mind")
    write_run(tmp_path, [1, 0, 1, 1], mode="direct", suffix="-2048")
    write_run(tmp_path, [1, 1, 1, 1], mode="direct", perceiver="other")
    write_run(tmp_path, [1, 1, 1, 1], mode="oracle")
    write_run(tmp_path, [0, 0, 1, 0], mode="blind")
    found = {judged.setting.who: list(judged.verdicts) for judged in judge(align(find_runs([tmp_path])))}
    assert found == {
        "eye + brain": ["perception: not said", "perception: not seen", "solved without seeing", "no answer"],
        "eye + mind": ["undecided"] * 4,
    }
