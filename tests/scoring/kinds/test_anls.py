import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Sample
from prism_engine.scoring.kinds.anls import Anls, anls


def test_the_score_is_the_similarity_to_the_nearest_gold():
    assert anls("Hello  World", ["hello world", "x"]) == 1.0
    assert anls("hello worle", ["hello world"]) == pytest.approx(1 - 1 / 11)


def test_a_half_is_kept_and_less_is_zero():
    assert anls("ab", ["ax"]) == 0.5
    assert anls("abc", ["axy"]) == 0.0
    assert anls("", [""]) == 1.0


def test_surrounding_spaces_do_not_help_except_in_vlmevalkit():
    assert anls("ab      ", ["ax"]) == 0.5
    assert anls("ab      ", ["ax"], compatible=True) == 1 - 1 / 8


def test_a_row_without_a_target_is_not_scored():
    assert Anls("prism").score("x", Sample(0, "0", (), "q")).value is None


@given(st.text(), st.lists(st.text(), min_size=1, max_size=4), st.booleans())
def test_any_reply_scores_zero_or_at_least_a_half(reply, golds, compatible):
    score = anls(reply, golds, compatible=compatible)
    assert score == 0.0 or 0.5 <= score <= 1.0
