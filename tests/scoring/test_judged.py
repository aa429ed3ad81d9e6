import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import AnswerKind, Option, Sample
from prism_engine.scoring import PROFILE_NAMES, SCORERS, scorer_of
from prism_engine.scoring.judged import options_of, read_review, unread

CHOICE = Sample(0, "0", (), "q", options=(Option("A", "cat"), Option("B", "dog")), answer="B")
YES = Sample(0, "0", (), "q", answer="Yes")
OPEN = Sample(0, "0", (), "q", answer="42")


def worth(scorer, review, sample):
    score = read_review(scorer, review, sample)
    assert score is not None
    return score.value


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_a_review_that_names_an_option_is_read_as_a_reply_is(profile):
    scorer = scorer_of(AnswerKind.CHOICE, profile)
    assert worth(scorer, "B", CHOICE) == 1.0
    assert worth(scorer, "A", CHOICE) == 0.0
    assert worth(scorer, "Z", CHOICE) == 0.0
    assert read_review(scorer, "hm", CHOICE) is None
    assert unread(scorer, CHOICE).value is None


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_unknown_is_a_wrong_answer_to_yes_or_no(profile):
    scorer = scorer_of(AnswerKind.POPE, profile)
    assert worth(scorer, "Yes", YES) == 1.0
    assert worth(scorer, "Unknown.", YES) == 0.0
    assert read_review(scorer, "perhaps", YES) is None


def test_an_open_question_of_mmmu_is_put_as_a_choice_between_right_and_other():
    scorer = scorer_of(AnswerKind.MMMU, "v3")
    assert [option.text for option in options_of(OPEN)] == ["42", "Other Answers"]
    assert worth(scorer, "A", OPEN) == 1.0
    assert worth(scorer, "B", OPEN) == 0.0
    assert read_review(scorer, "", OPEN) is None


@given(
    st.sampled_from(sorted(SCORERS)), st.sampled_from(PROFILE_NAMES), st.text(), st.sampled_from([CHOICE, YES, OPEN])
)
def test_any_review_is_read_or_not(kind, profile, review, sample):
    score = read_review(scorer_of(kind, profile), review, sample)
    assert score is None or score.value is None or 0 <= score.value <= 1
