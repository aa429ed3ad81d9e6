"""How well the rules read labelled replies, per wording; `benchmarks/readings.py` prints the table."""

from __future__ import annotations

from functools import partial

import pytest

from prism_engine.scoring import PROFILES, match_option
from tests.readings.labelled import measure, misread, wordings

PRISM_2 = partial(match_option, profile=PROFILES["prism-2"])
PRISM_1 = partial(match_option, profile=PROFILES["prism-1"])


@pytest.mark.parametrize("name", ["wordings", "held_out", "given"])
def test_the_right_option_is_read_or_none(name):
    shares = measure(wordings(name), PRISM_2)
    assert shares.precision >= 0.995
    assert shares.coverage >= 0.92


def test_replies_by_another_author_that_no_rule_was_made_for_are_hardly_ever_misread():
    shares = measure(wordings("fresh"), PRISM_2)
    assert shares.precision >= 0.995
    assert shares.coverage >= 0.88


def test_of_unseen_wordings_typical_ones_are_read_rightly_and_misleading_ones_mostly():
    unseen = wordings("unseen")
    misleading = ("nothing is stated", "misleading later mention")
    typical = measure((one for one in unseen if one.kind not in misleading), PRISM_2)
    assert typical.precision >= 0.995
    assert typical.coverage >= 0.92
    assert sum(one.kind in misleading for one in unseen) > 100
    assert measure(unseen, PRISM_2).precision >= 0.98


def test_a_remark_after_the_answer_does_not_replace_it():
    remarks = [one for name in ("wordings", "held_out") for one in wordings(name) if one.kind.endswith("remark")]
    assert measure(remarks, PRISM_2).precision >= 0.995
    assert measure(remarks, PRISM_1).precision < 0.85  # what the wordings are about: they tell the versions apart


def test_what_states_nothing_is_read_as_nothing():
    nothing = [one for one in wordings("wordings") if one.kind == "nothing is stated"]
    assert len(nothing) > 150
    assert not list(misread(nothing, PRISM_2))


def test_the_set_is_large_enough_and_a_fifth_of_it_was_never_tuned_on():
    tuned, *apart = ({one.template for one in wordings(name)} for name in ("wordings", "held_out", "fresh", "unseen"))
    never = set().union(*apart)
    assert len(tuned | never) > 3800
    assert len(never) > 0.2 * len(tuned | never)
    assert not never & tuned - {"No.", "Yes."}
