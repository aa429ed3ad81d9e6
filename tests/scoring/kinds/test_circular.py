"""Questions under multiple rotations of their options."""

from __future__ import annotations

import pytest

from prism_engine.records import AnswerKind, SampleStatus
from prism_engine.scoring import Scored, scorer_of
from prism_engine.scoring.kinds.circular import rotations

RIGHT, WRONG, UNREAD, REFUSED = (1.0, "A"), (0.0, "B"), (0.0, None), (0.0, "Z")


def rows(*verdicts, question=0, **columns):
    """Return one question's rotations; None stands for a missing prediction."""
    return [
        Scored(
            str(question + number * 1_000_000),
            SampleStatus.DONE,
            verdict[0],
            verdict[1],
            options=4,
            target="A",
            **columns,
        )
        if verdict
        else Scored(str(question + number * 1_000_000), SampleStatus.FAILED, None, None, options=4, **columns)
        for number, verdict in enumerate(verdicts)
    ]


def accuracy(profile, scored, name="circular accuracy"):
    metrics = scorer_of(AnswerKind.CIRCULAR, profile).metrics(scored)
    (found,) = [metric for metric in metrics if (metric.name, metric.group, metric.split) == (name, None, None)]
    return found.value, found.n


def test_a_question_is_right_if_every_rotation_is():
    scored = rows(RIGHT, RIGHT, RIGHT) + rows(RIGHT, WRONG, RIGHT, question=1)
    for profile in ("prism", "v3"):
        assert accuracy(profile, scored) == (0.5, 2)


@pytest.mark.parametrize(
    ("verdicts", "ours", "theirs"),
    [
        ((RIGHT, None, RIGHT), (0.0, 1), (1.0, 1)),
        ((None, RIGHT, RIGHT), (0.0, 1), (None, 0)),
        ((None, None), (0.0, 1), (None, 0)),
    ],
)
def test_a_missing_rotation_makes_the_question_wrong_except_in_vlmevalkit(verdicts, ours, theirs):
    scored = rows(*verdicts)
    assert accuracy("prism", scored) == ours
    assert accuracy("v3", scored) == theirs
    assert accuracy("prism", scored, "questions that lack a rotation") == (1, 1)


def test_guesses_are_made_for_each_rotation_that_was_not_answered():
    scored = rows(UNREAD, RIGHT, REFUSED)
    assert accuracy("prism", scored) == (0.0, 1)
    assert accuracy("prism", scored, "circular accuracy, unanswered at chance") == (1 / 16, 1)
    lost = rows(UNREAD, WRONG)
    assert accuracy("prism", lost, "circular accuracy, unanswered at chance") == (0.0, 1)


def test_over_many_questions_guesses_approach_chance():
    scored = [row for question in range(4000) for row in rows(UNREAD, RIGHT, question=question)]
    guessed, n = accuracy("prism", scored, "circular accuracy, unanswered guessed")
    assert n == 4000
    assert guessed == pytest.approx(0.25, abs=0.03)


def test_a_judge_is_asked_only_if_the_question_is_not_wrong_already():
    scored = [
        *rows(UNREAD, RIGHT, UNREAD),
        *rows(UNREAD, WRONG, question=1),
        *rows(UNREAD, None, question=2),
        *rows(REFUSED, UNREAD, question=3),
        *rows(RIGHT, RIGHT, question=4),
    ]
    assert scorer_of(AnswerKind.CIRCULAR, "prism").unsettled(scored) == ("0", "2000000")
    assert scorer_of(AnswerKind.CIRCULAR, "v3").unsettled(scored) == ("0", "2000000", "2")


def test_test_splits_without_answers_are_left_out():
    scored = rows((None, "A"), (None, "B"))
    assert accuracy("prism", scored) == (None, 0)


def test_rotations_are_grouped_by_g_index_if_present_and_odd_ids_stand_alone():
    given = [Scored(name, SampleStatus.DONE, 1.0, "A", extra={"g_index": "7"}) for name in ("7", "8")]
    odd = [Scored(name, SampleStatus.DONE, 1.0, "A") for name in ("x1", "\u0661", "")]
    assert [(group.name, len(group.rows)) for group in rotations([*given, *odd])] == [
        *[("7", 2), ("x1", 1), ("\u0661", 1), ("", 1)],
    ]
    assert [group.main is None for group in rotations([*given[1:]])] == [True]


def test_categories_and_splits_are_those_of_the_first_rotation():
    scored = rows(RIGHT, RIGHT, category="c", l2_category="l", split="dev")
    found = scorer_of(AnswerKind.CIRCULAR, "prism").metrics(scored)
    groups = [(metric.split, metric.level, metric.group) for metric in found if metric.name == "circular accuracy"]
    assert groups == [
        (None, "overall", None), (None, "l2_category", "l"), (None, "category", "c"),
        ("dev", "overall", None), ("dev", "l2_category", "l"), ("dev", "category", "c"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("index", "extra", "group"),
    [("1000002", {}, "2"), ("2", {}, "2"), ("3000002", {"g_index": "7"}, "7"), ("x_1", {}, "x_1")],
)
def test_rotations_of_a_question_belong_together(index, extra, group):
    row = Scored(index, SampleStatus.DONE, None, None, extra=extra)
    assert scorer_of(AnswerKind.CIRCULAR, "prism").group_of(row) == group
    assert scorer_of(AnswerKind.CHOICE, "prism").group_of(row) == index
