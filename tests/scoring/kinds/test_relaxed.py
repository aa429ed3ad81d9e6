from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Sample
from prism_engine.scoring.kinds.relaxed import Relaxed, relaxed_accuracy


def test_five_percent_off_is_right_and_more_is_not():
    assert relaxed_accuracy("105", ["100"]) == 1.0
    assert relaxed_accuracy("105.1", ["100"]) == 0.0
    assert relaxed_accuracy("-95", ["-100"]) == 1.0
    assert relaxed_accuracy("5%", ["0.05"]) == 1.0


def test_text_is_right_if_it_is_the_same_except_for_case():
    assert relaxed_accuracy(" Blue ", ["red", "blue"]) == 1.0
    assert relaxed_accuracy("1,000", ["1000"]) == 0.0


def test_zero_is_zero_however_it_is_written_except_in_vlmevalkit():
    assert relaxed_accuracy("0.0", ["0"]) == 1.0
    assert relaxed_accuracy("0.0", ["0"], compatible=True) == 0.0
    assert relaxed_accuracy("0.1", ["0"]) == 0.0


def test_nan_and_infinity_are_never_near():
    for gold in ("nan", "inf", "-inf"):
        assert relaxed_accuracy("1", [gold]) == 0.0
    assert relaxed_accuracy("nan", ["1"]) == 0.0


def test_a_row_without_a_target_is_not_scored():
    assert Relaxed("prism").score("x", Sample(0, "0", (), "q")).value is None


@given(st.text() | st.floats().map(str), st.lists(st.text() | st.floats().map(str), min_size=1, max_size=3))
def test_any_reply_is_right_or_wrong(reply, golds):
    assert relaxed_accuracy(reply, golds) in (0.0, 1.0)
