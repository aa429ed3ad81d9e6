"""Multiple choice: what is left to a judge, what the judge is asked, and how its review is read."""

from __future__ import annotations

import pytest

from prism_engine.records import AnswerKind, Option, Sample, SampleStatus
from prism_engine.scoring import PROFILE_NAMES, Scored, scorer_of
from prism_engine.scoring.kinds.multiple_choice import options_of

OPTIONS = (Option("A", "cat"), Option("B", "{dog}"))
SAMPLE = Sample(0, "0", (), "Which?", "Look well.", OPTIONS, "B")


def test_only_unread_rows_are_left_to_a_judge():
    rows = [
        Scored("right", SampleStatus.DONE, 1.0, "A"),
        Scored("wrong", SampleStatus.DONE, 0.0, "B"),
        Scored("refused", SampleStatus.DONE, 0.0, "Z"),
        Scored("unread", SampleStatus.DONE, 0.0, None),
        Scored("unscored", SampleStatus.DONE, None, None),
        Scored("missing", SampleStatus.FAILED, None, None),
    ]
    scorer = scorer_of(AnswerKind.CHOICE, "prism")
    assert scorer.unsettled(rows) == ("unread",)
    assert scorer.metrics(rows) == ()


@pytest.mark.parametrize("kind", [AnswerKind.CHOICE, AnswerKind.CIRCULAR, AnswerKind.MMMU])
def test_options_are_listed_as_they_are_written_and_the_hint_comes_first(kind):
    (message,) = scorer_of(kind, "prism").judge_messages(SAMPLE, "the dog")
    assert str(message.parts[0]).endswith(
        "Question: Look well.\nWhich?\nOptions:\nA. cat\nB. {dog}\nAnswer: the dog\nYour output:"
    )


@pytest.mark.parametrize(("question", "chinese"), [("这是什么?", True), ("What?", False)])
def test_a_chinese_question_is_matched_in_chinese(question, chinese):
    (message,) = scorer_of(AnswerKind.CHOICE, "prism").judge_messages(Sample(0, "0", (), question, None, OPTIONS), "猫")
    assert ("选项" in str(message.parts[0])) is chinese


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_a_review_that_names_an_option_is_read_as_a_reply_is(profile):
    scorer = scorer_of(AnswerKind.CHOICE, profile)
    read = {review: scorer.read_review(review, SAMPLE) for review in ("B", "A", "Z")}
    assert {review: score and score.value for review, score in read.items()} == {"B": 1.0, "A": 0.0, "Z": 0.0}
    assert scorer.read_review("hm", SAMPLE) is None
    assert scorer.unread(SAMPLE).value is None


def test_an_open_question_has_its_right_answer_and_all_others_as_options():
    assert [option.text for option in options_of(Sample(0, "0", (), "q", answer="42"))] == ["42", "Other Answers"]
