from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Sample
from prism_engine.scoring.kinds.exact import Exact, exact


def test_case_and_surrounding_spaces_do_not_count_and_all_else_does():
    assert exact(" The Book\n", ["x", "the book"]) == 1.0
    assert exact("the book.", ["the book"]) == 0.0


def test_the_right_answers_are_those_of_the_cell():
    scorer = Exact("v3")
    assert scorer.score("b", Sample(0, "0", (), "q", answer="['a', 'B']")).value == 1.0
    assert scorer.score("b", Sample(0, "0", (), "q")).value is None


@given(st.text(), st.lists(st.text(), min_size=1))
def test_any_reply_is_right_or_wrong(reply, golds):
    assert exact(reply, golds) in (0.0, 1.0)
