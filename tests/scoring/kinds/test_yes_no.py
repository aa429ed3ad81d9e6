"""Yes or no: how prism and VLMEvalKit read replies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.records import AnswerKind, Sample
from prism_engine.scoring import PROFILE_NAMES, scorer_of
from prism_engine.scoring.kinds.yes_no import read_as_upstream, read_yes_no


def sample(answer):
    return Sample(position=0, index="0", images=(), question="Is it?", answer=answer)


@pytest.mark.parametrize("reply", ["Yes", "yes.", "(yes)", "<answer>yes</answer>", "`yes`", "Yes, it is", "well yes"])
def test_both_read_a_plain_yes(reply):
    assert read_as_upstream(reply) == read_yes_no(reply) == "Yes"


@pytest.mark.parametrize(
    "reply", ["**No**", "no:", "answer:no", "No.The cat sleeps", "no\uff0c\u6ca1\u6709", "\uff2e\uff2f"]
)
def test_marks_that_vlmevalkit_leaves_in_place_do_not_hide_a_no_from_prism(reply):
    assert read_as_upstream(reply) is None
    assert read_yes_no(reply) == "No"


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        ("Yes, there is no doubt.", "Yes"),
        ("There is no cat, so one might say yes. Answer: No", "No"),
        ("No cat... or yes? The answer is **yes**.", "Yes"),
        ("It may be yes or no.", None),
        ("yesterday, nobody knows", None),
        ("", None),
        ("The description does not mention a cat.", "Z"),
        ("I cannot tell: yes or no", "Z"),
    ],
)
def test_if_both_words_occur_the_answer_or_the_beginning_decides(reply, read):
    assert read_as_upstream(reply) is None
    assert read_yes_no(reply) == read


def test_at_most_32_periods_are_removed_upstream():
    assert read_as_upstream("." * 32 + "yes") == "Yes"
    assert read_as_upstream("." * 33 + "yes") is None
    assert read_yes_no("." * 33 + "yes") == "Yes"


@pytest.mark.parametrize(
    ("profile", "target", "value"),
    [("prism", "yes ", 1.0), ("v3", "yes ", None), ("v3", "Yes", 1.0), ("prism", "No", 0.0), ("prism", None, None)],
)
def test_only_a_target_of_yes_or_no_can_be_matched(profile, target, value):
    score = scorer_of(AnswerKind.YES_NO, profile).score("Yes.", sample(target))
    assert (score.value, score.answer) == (value, "Yes")


@pytest.mark.parametrize(("profile", "answer"), [("prism", None), ("v1", None)])
def test_an_unreadable_reply_is_wrong_and_distinguishable(profile, answer):
    score = scorer_of(AnswerKind.YES_NO, profile).score("perhaps", sample("No"))
    assert (score.value, score.answer) == (0.0, answer)


@given(
    st.one_of(st.text(max_size=200), st.lists(st.sampled_from(["yes", "no", "answer", "is", ":", "**", "1,2", "."])))
)
@settings(max_examples=200, deadline=None)
def test_any_reply_is_read_by_both(reply):
    text = reply if isinstance(reply, str) else " ".join(reply)
    assert read_as_upstream(text) in ("Yes", "No", None)
    assert read_yes_no(text) in ("Yes", "No", "Z", None)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["answer ", "answer is ", "yes no ", "*", " ", "no_", "1,2 ", ".", "cannot be "])
def test_a_megabyte_of_any_text_is_read_in_time(piece):
    reply = piece * (1_000_000 // len(piece))
    assert {read_as_upstream(reply), read_yes_no(reply)} <= {"Yes", "No", "Z", None}


@pytest.mark.parametrize("profile", PROFILE_NAMES)
@pytest.mark.parametrize("kind", [AnswerKind.YES_NO, AnswerKind.POPE])
def test_unknown_is_a_wrong_answer_in_a_review(kind, profile):
    scorer, sample = scorer_of(kind, profile), Sample(0, "0", (), "q", answer="Yes")
    read = {review: scorer.read_review(review, sample) for review in ("Yes", "Unknown.", "perhaps")}
    assert {review: score and score.value for review, score in read.items()} == {
        "Yes": 1.0, "Unknown.": 0.0, "perhaps": None
    }  # fmt: skip
