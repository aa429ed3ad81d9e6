"""MMMU: multiple choice mixed with open questions."""

from __future__ import annotations

import pytest

from prism_engine.records import AnswerKind, Option, Sample, SampleStatus
from prism_engine.scoring import Scored, scorer_of

OPTIONS = (Option("A", "cat"), Option("B", "dog"))


def sample(answer, options=()):
    return Sample(position=0, index="0", images=(), question="What?", options=options, answer=answer)


@pytest.mark.parametrize("profile", ["prism", "v1", "v3"])
def test_a_question_with_options_is_multiple_choice(profile):
    score = scorer_of(AnswerKind.MMMU, profile).score("B", sample("B", OPTIONS))
    assert (score.value, score.answer) == (1.0, "B")


def test_an_open_question_is_read_and_compared_by_prism_and_is_option_a_in_vlmevalkit():
    ours, theirs = (scorer_of(AnswerKind.MMMU, profile) for profile in ("prism", "v3"))
    assert ours.score("It is 112.55", sample("12.5")).value == 0.0
    assert theirs.score("It is 112.55", sample("12.5")).value == 1.0
    score = ours.score("Answer: 12.50 m", sample("12.5"))
    assert (score.value, score.answer) == (1.0, "12.50 m")
    assert theirs.score("A", sample("12.5")).value == 1.0
    assert ours.score("A", sample("12.5")).value == 0.0


@pytest.mark.parametrize(
    ("reply", "gold", "value"),
    [("A", "B", 0.0), ("B", "B", 1.0), ("D", "D", 0.0), ("Cannot determine the answer", "Z", 1.0), ("b", "b", 1.0)],
)
def test_an_open_answer_that_is_one_capital_letter_is_the_right_letter_in_vlmevalkit(reply, gold, value):
    assert scorer_of(AnswerKind.MMMU, "v3").score(reply, sample(gold)).value == value
    review = scorer_of(AnswerKind.MMMU, "v3").read_review(reply, sample(gold))
    assert review is not None
    assert review.value == value


def test_in_vlmevalkit_a_question_without_option_a_is_open_and_an_answer_that_is_no_letter_is_a():
    theirs = scorer_of(AnswerKind.MMMU, "v3")
    assert theirs.score("Rome", sample("Rome", OPTIONS[1:])).value == 1.0
    assert theirs.score("dog", sample("dog", OPTIONS)).value == 0.0
    assert theirs.score("cat", sample("dog", OPTIONS)).value == 1.0


def test_an_open_question_without_an_answer_is_not_scored():
    assert scorer_of(AnswerKind.MMMU, "prism").score("12", sample(None)).value is None
    assert scorer_of(AnswerKind.MMMU, "v3").score("12", sample(None)).value is None


def test_open_questions_are_reported_separately():
    rows = [
        Scored("1", SampleStatus.DONE, 1.0, "A", options=4),
        Scored("2", SampleStatus.DONE, 0.0, "B", options=4),
        Scored("3", SampleStatus.DONE, 1.0, "12"),
        Scored("4", SampleStatus.FAILED, None, None),
    ]
    found = {metric.name: (metric.value, metric.n) for metric in scorer_of(AnswerKind.MMMU, "prism").metrics(rows)}
    assert found.pop("accuracy without dev") == (2 / 3, 3)
    assert found == {"multiple choice": (0.5, 2), "open questions": (1.0, 1)}


def test_the_headline_is_that_of_mmmu_val_and_leaves_out_the_dev_questions():
    scorer = scorer_of(AnswerKind.MMMU, "prism")
    done = [("1", 1.0, "dev"), ("2", 1.0, "validation"), ("3", 0.0, "validation"), ("4", 1.0, "Dev ")]
    rows = [Scored(index, SampleStatus.DONE, score, "A", options=4, split=split) for index, score, split in done]
    (headline,) = (metric for metric in scorer.metrics(rows) if metric.name == scorer.headline)
    assert (headline.value, headline.n, headline.split) == (0.5, 2, None)


@pytest.mark.parametrize("profile", ["prism", "v3"])
def test_an_open_question_is_put_to_a_judge_as_a_choice_between_right_and_other(profile):
    scorer, sample = scorer_of(AnswerKind.MMMU, profile), Sample(0, "0", (), "q", answer="42")
    read = {review: scorer.read_review(review, sample) for review in ("A", "B", "")}
    assert {review: score and score.value for review, score in read.items()} == {"A": 1.0, "B": 0.0, "": None}
