from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Sample
from prism_engine.scoring.kinds.vqa import Vqa, normalised, vqa_accuracy


def test_punctuation_articles_numbers_and_contractions_do_not_count():
    assert normalised("The U.S.A.!") == "usa"
    assert normalised("one-two") == "1 2"
    assert normalised("a/b c") == "b c"
    assert normalised("10. or .5") == "10. or .5"
    assert normalised("dont; somebody'd") == "don't somebodyd"
    assert normalised("A") == ""


def test_three_others_make_an_answer_fully_right():
    golds = ["cat"] * 2 + ["dog"] * 8
    assert vqa_accuracy("dog", golds) == 1.0
    assert vqa_accuracy("cat", golds) == (2 * 1 / 3 + 8 * 2 / 3) / 10
    assert vqa_accuracy("cow", golds) == 0.0


def test_a_single_gold_can_be_matched_except_in_vlmevalkit():
    assert vqa_accuracy("A cat.", ["cat"]) == 1.0
    assert vqa_accuracy("A cat.", ["cat"], compatible=True) == 0.0


def test_all_periods_are_removed_except_in_vlmevalkit():
    assert normalised("a." * 40) == "a" * 40
    assert normalised("a." * 40, compatible=True).count(".") == 8


def test_a_row_without_a_target_is_not_scored():
    assert Vqa("prism").score("x", Sample(0, "0", (), "q")).value is None


@given(st.text(), st.lists(st.text(), min_size=1, max_size=11), st.booleans())
def test_any_reply_scores_between_zero_and_one(reply, golds, compatible):
    assert 0.0 <= vqa_accuracy(reply, golds, compatible=compatible) <= 1.0
