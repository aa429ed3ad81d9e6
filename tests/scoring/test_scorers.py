from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import AnswerKind, Sample
from prism_engine.scoring import PROFILE_NAMES, SCORERS, scorer_of


def test_every_answer_kind_has_a_scorer():
    assert set(SCORERS) == set(AnswerKind)
    assert all(kind is SCORERS[kind]("prism").kind for kind in AnswerKind)


@given(st.sampled_from(sorted(SCORERS)), st.sampled_from(PROFILE_NAMES), st.text(), st.none() | st.text())
def test_any_reply_and_any_target_give_a_score_between_zero_and_one(kind, profile, reply, target):
    score = scorer_of(kind, profile).score(reply, Sample(0, "0", (), "q", answer=target))
    assert score.value is None or 0 <= score.value <= 1 + 1e-9
