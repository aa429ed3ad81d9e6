"""Counts and rates, by hand."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.errors import UserError
from prism_engine.report.scores.statistics import summarise, wilson


def row(status="done", score=None, extracted=None, **fields):
    return {"index": "7", "status": status, "score": score, "extracted": extracted, **fields}


def fold(folder, rows):
    path = folder / "predictions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in rows), encoding="utf-8")
    return summarise(path, profile="v3")


def counts(group):
    return {
        name: getattr(group, name)
        for name in ("n", "scored", "correct", "unanswered", "refused", "failed", "not_run", "unscored")
        if getattr(group, name)
    }


def test_every_outcome_is_counted_separately(tmp_path):
    overall = fold(
        tmp_path,
        [
            row(score=1.0, extracted="A"),
            row(score=1, extracted="B"),
            row(score=0.0, extracted="C"),
            row(score=0.0, extracted="Z"),
            row(score=0.0),
            row(extracted="A"),
            row("failed"),
            row("failed"),
            row("not_run"),
            row(score=1.0, extracted="Z"),  # a real option Z, chosen rightly
        ],
    ).overall
    assert counts(overall) == {
        "n": 10,
        "scored": 6,
        "correct": 3,
        "unanswered": 2,
        "refused": 1,
        "failed": 2,
        "not_run": 1,
        "unscored": 1,
    }
    assert overall.missing == 3
    assert overall.accuracy == 3 / 6
    assert (overall.accuracy_least, overall.accuracy_most) == (3 / 9, 6 / 9)
    assert overall.coverage == 6 / 10
    assert (overall.accuracy_low, overall.accuracy_high) == wilson(3, 6)


def test_groups_come_sorted_across_splits_first_and_then_per_split(tmp_path):
    scores = fold(
        tmp_path,
        [
            row(score=1.0, extracted="A", category="y", l2_category="p", split="val"),
            row(score=0.0, extracted="A", category="x", l2_category="q", split="val"),
            row(score=0.0, extracted="A", category="x", l2_category="q", split="test"),
            row(score=1.0, extracted="A", category="y"),
        ],
    )
    assert [(group.split, group.level, group.name, group.correct, group.scored) for group in scores.groups] == [
        (None, "l2_category", "p", 1, 1),
        (None, "l2_category", "q", 0, 2),
        (None, "category", "x", 0, 2),
        (None, "category", "y", 2, 2),
        ("test", "overall", None, 0, 1),
        ("test", "l2_category", "q", 0, 1),
        ("test", "category", "x", 0, 1),
        ("val", "overall", None, 1, 2),
        ("val", "l2_category", "p", 1, 1),
        ("val", "l2_category", "q", 0, 1),
        ("val", "category", "x", 0, 1),
        ("val", "category", "y", 1, 1),
    ]
    assert (scores.overall.correct, scores.overall.scored) == (2, 4)


def choice(letters, target, category, **ended):
    options = [{"letter": letter, "text": letter} for letter in letters]
    return row(options=options, target=target, category=category, **ended)


def test_chance_is_over_all_scorable_samples_whatever_their_outcome(tmp_path):
    scores = fold(
        tmp_path,
        [
            choice("ABCD", "A", "x", score=1.0, extracted="A"),
            choice("ABCD", " B", "x", status="failed"),
            choice("AB", "B", "y", status="not_run"),
            choice("AB", None, "y", extracted="A"),
            choice("", "free text", "z"),
        ],
    )
    assert scores.overall.chance == (2 / 4 + 1 / 2) / 3
    assert [group.chance for group in scores.groups] == [1 / 4, 1 / 2, None]


def test_when_everything_failed_there_is_no_accuracy_and_no_coverage(tmp_path):
    scores = fold(tmp_path, [row("failed", category="x"), row("not_run", category="x")])
    for group in (scores.overall, *scores.groups):
        assert (group.accuracy, group.accuracy_low, group.accuracy_high) == (None, None, None)
        assert (group.accuracy_least, group.accuracy_most) == (0.0, 1.0)
        assert group.coverage == 0.0


def test_a_benchmark_without_targets_is_unscored(tmp_path):
    overall = fold(tmp_path, [row(extracted="A"), row()]).overall
    assert counts(overall) == {"n": 2, "unscored": 2}
    assert (overall.accuracy, overall.accuracy_least, overall.accuracy_most) == (None, None, None)


def test_an_empty_file_has_empty_scores(tmp_path):
    scores = fold(tmp_path, [])
    assert scores.groups == ()
    assert counts(scores.overall) == {}
    assert (scores.overall.accuracy, scores.overall.coverage) == (None, None)


def test_categories_that_look_like_numbers_or_nothing_are_unchanged(tmp_path):
    rows = [row(score=1.0, category=name) for name in ("007", "7", "null", "")]
    assert [group.name for group in fold(tmp_path, rows).groups] == ["", "007", "7", "null"]


def test_the_order_of_the_lines_does_not_matter(tmp_path):
    rows = [
        row(score=float(number % 3 == 0), extracted="A", category=f"c{number % 7}", split=f"s{number % 2}")
        for number in range(500)
    ]
    assert orjson.dumps(fold(tmp_path, rows)) == orjson.dumps(fold(tmp_path, rows[::-1]))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            row("running"),
            r"predictions\.jsonl, index 7: status 'running' is not one of done, failed, not_run",
        ),
        (row(None), "index 7: status None is not one of"),
        ({"unrelated": 1}, "index None: status None is not one of"),
        (row(score=1.5), "index 7: the score is not between 0 and 1"),
        (row(score=-0.5), "index 7: the score is not between 0 and 1"),
        (row(score="high"), "not a predictions file"),
        ([1], "not a predictions file"),
    ],
)
def test_an_invalid_row_is_named_and_never_guessed(tmp_path, bad, message):
    with pytest.raises(UserError, match=message):
        fold(tmp_path, [row(score=1.0, index="1"), bad])


def test_of_multiple_bad_rows_always_the_same_is_named(tmp_path):
    for rows in ([row("b", index="2"), row("a", index="1")], [row("a", index="1"), row("b", index="2")]):
        with pytest.raises(UserError, match="index 1: status 'a'"):
            fold(tmp_path, rows)


def test_a_half_written_line_is_an_error(tmp_path):
    path = tmp_path / "predictions.jsonl"
    path.write_text('{"index": "1", "status": "done"}\n{"index": "2", "sta', encoding="utf-8")
    with pytest.raises(UserError, match="not a predictions file"):
        summarise(path, profile="v1")


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.jsonl: no such file"):
        summarise(tmp_path / "nowhere.jsonl", profile="v1")


# From the quadratic (1 + z²/n) x² - (2p + z²/n) x + p² = 0, solved with 50 decimal digits; the first four agree
# with the table in Newcombe, "Two-sided confidence intervals for the single proportion" (1998), method 3.
@pytest.mark.parametrize(
    ("correct", "scored", "low", "high"),
    [
        (81, 263, 0.255288519878274, 0.366209576982800),
        (15, 148, 0.062386399530736, 0.160487241723308),
        (0, 20, 0.0, 0.161125158052819),
        (1, 29, 0.006113214292763, 0.171755218793203),
        (1, 1, 0.206549314377237, 1.0),
        (0, 1, 0.0, 0.793450685622763),
        (634, 1500, 0.397896829147471, 0.447831589470584),
        (3088, 3088, 0.998757549870568, 1.0),
    ],
)
def test_the_interval_agrees_with_values_computed_another_way(correct, scored, low, high):
    assert wilson(correct, scored) == pytest.approx((low, high), abs=1e-14)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(max_examples=200, deadline=None)
def test_the_interval_lies_around_the_share_and_mirrors(pair):
    correct, scored = pair
    low, high = wilson(correct, scored)
    assert 0.0 <= low <= correct / scored <= high <= 1.0
    assert wilson(scored - correct, scored) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_the_counts_add_up_in_every_group(tmp_path):
    ways = [("done", 1.0, "A"), ("done", 0.0, None), ("done", None, "B"), ("failed", None, None)]
    ways.append(("not_run", None, None))
    rows = [
        row(status, score=score, extracted=extracted, category=str(number % 3))
        for number, (status, score, extracted) in enumerate(ways * 20)
    ]
    scores = fold(tmp_path, rows)
    for group in (scores.overall, *scores.groups):
        assert group.n == group.scored + group.unscored + group.missing
    assert sum(group.n for group in scores.groups) == scores.overall.n == 100
