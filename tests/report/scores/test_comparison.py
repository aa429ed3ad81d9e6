"""Arms side by side."""

from __future__ import annotations

from dataclasses import replace

from prism_engine.report import GroupScore, Scores, compare


def group(level="overall", name=None, *, n=4, split=None, chance=0.25, accuracy=0.5):
    numbers = dict.fromkeys(("scored", "correct", "unanswered", "refused", "failed", "not_run", "unscored"), 0)
    return GroupScore(
        split=split, level=level, name=name, n=n, **numbers,
        accuracy=accuracy, accuracy_low=None, accuracy_high=None, accuracy_least=None, accuracy_most=None,
        coverage=None, chance=chance,
    )  # fmt: skip


FIRST = Scores(
    "v3",
    group(accuracy=0.1),
    (group("l2_category", "p"), group("category", "b"), group("category", "a"), group(split="val")),
)


def test_groups_come_overall_first_then_by_level_and_name_and_without_splits():
    rows = compare([FIRST])
    levels = ("overall", "l2_category", "category", "category")
    assert [(row.level, row.name) for row in rows] == list(zip(levels, (None, "p", "a", "b"), strict=True))
    assert rows[0].scores == (FIRST.overall,)


def test_each_row_has_every_arm_s_score_in_order_and_a_gap_where_an_arm_has_no_such_group():
    second = Scores("v3", group(accuracy=0.9), (group("category", "a"),))
    overall, _, a, b = compare([FIRST, second])
    assert overall.scores == (FIRST.overall, second.overall)
    assert [score is None for score in a.scores + b.scores] == [False, False, False, True]


def test_samples_and_chance_are_those_of_the_arm_with_most_samples():
    fewer = replace(FIRST, overall=group(n=2, chance=0.5))
    (overall, *_) = compare([fewer, FIRST])
    assert (overall.n, overall.chance) == (4, 0.25)
