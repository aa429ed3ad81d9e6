import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Sample
from prism_engine.scoring.kinds.anls import Anls, anls


def test_the_nearest_gold_counts_by_its_edits():
    assert anls("Hello  World", ["hello world", "x"]) == 1.0
    assert anls("hello worle", ["hello world"]) == pytest.approx(1 - 1 / 11)


def test_half_is_kept_and_less_is_nothing():
    assert anls("ab", ["ax"]) == 0.5
    assert anls("abc", ["axy"]) == 0.0
    assert anls("", [""]) == 1.0


def test_blanks_around_do_not_help_but_for_vlmevalkit():
    assert anls("ab      ", ["ax"]) == 0.5
    assert anls("ab      ", ["ax"], compatible=True) == 1 - 1 / 8


def test_a_row_without_a_target_is_not_scored():
    assert Anls("prism").score("x", Sample(0, "0", (), "q")).value is None


@given(st.text(), st.lists(st.text(), min_size=1, max_size=4), st.booleans())
def test_any_reply_scores_nothing_or_at_least_a_half(reply, golds, compatible):
    score = anls(reply, golds, compatible=compatible)
    assert score == 0.0 or 0.5 <= score <= 1.0
