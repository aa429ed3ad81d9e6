from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import AnswerKind, Option, Sample
from prism_engine.scoring import PROFILE_NAMES, SCORERS, scorer_of
from prism_engine.scoring.judged import score_with_review

CHOICE = Sample(0, "0", (), "q", options=(Option("A", "cat"), Option("B", "dog")), answer="B")
YES = Sample(0, "0", (), "q", answer="Yes")
OPEN = Sample(0, "0", (), "q", answer="42")


def test_a_review_counts_only_where_the_rules_read_no_answer():
    scorer = scorer_of(AnswerKind.CHOICE, "prism")
    assert score_with_review(scorer, "A", CHOICE, "B").value == 0.0
    assert score_with_review(scorer, "hm", CHOICE, "B").value == 1.0
    assert score_with_review(scorer, "hm", CHOICE, "hm").value is None
    assert score_with_review(scorer, "hm", CHOICE, None).value == 0.0


@given(
    st.sampled_from(sorted(SCORERS)), st.sampled_from(PROFILE_NAMES), st.text(), st.sampled_from([CHOICE, YES, OPEN])
)
def test_any_review_is_read_or_not(kind, profile, review, sample):
    score = scorer_of(kind, profile).read_review(review, sample)
    assert score is None or score.value is None or 0 <= score.value <= 1
