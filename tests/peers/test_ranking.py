from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.peer_tools.ranking import Measured, Row, first, ranked, ratios, table

FINE = Measured(wall=10.0, cpu=1.0, peak_mib=100.0, refused=0, lost=0, repeated=0, code=0)


def row(tool, *walls, competes=True, **changes):
    return Row(tool, competes, tuple(replace(FINE, wall=wall, **changes) for wall in walls))


def places(rows):
    return [line.split("|")[1].strip() for line in table(rows)[2:]]


def names(rows):
    return [line.split("|")[2].strip() for line in table(rows)[2:]]


def test_tools_are_ranked_by_their_median_wall_time():
    rows = [row("prism", 10, 30, 11), row("slow", 20, 20, 20), row("quick", 9, 9, 90)]
    assert [each.tool for each in ranked(rows)] == ["quick", "prism", "slow"]
    assert not first(rows)
    assert first(rows[:2])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"refused": 1}, "2 refused"),
        ({"lost": 3}, "6 lost"),
        ({"refused": 1, "lost": 1000}, "2 refused, 2,000 lost"),
        ({"code": 1, "lost": 3}, "exit code not 0 in 2 of 2 rounds"),
    ],
)
def test_a_tool_that_is_faster_by_being_refused_or_by_losing_is_listed_without_a_place(change, reason):
    rows = [row("prism", 10, 10), row("hasty", 5, 5, **change)]
    assert places(rows) == ["1", "-"]
    assert names(rows) == ["prism", f"hasty (not ranked: {reason})"]
    assert first(rows)


def test_one_refusal_in_one_round_is_enough():
    hasty = Row("hasty", True, (FINE, replace(FINE, refused=1), FINE))
    assert ranked([hasty]) == []


def test_repeated_calls_cost_no_place():
    assert ranked([row("forgetful", 5, repeated=100)])


def test_a_floor_has_no_place_however_fast():
    rows = [row("prism", 10), row("bare", 1, competes=False)]
    assert places(rows) == ["1", "-"]
    assert first(rows)


def test_prism_is_not_first_if_it_is_refused_itself():
    assert not first([row("prism", 5, refused=1), row("slow", 50)])
    assert not first([row("prism", 5, lost=1)])


def test_ratios_are_taken_within_rounds():
    prism, other = row("prism", 10, 20), row("other", 20, 80)
    assert ratios(other, prism) == [2, 4]
    assert "| 3.00 (2.00 to 4.00) |" in table([prism, other])[3]


def test_a_table_without_prism_has_no_ratios():
    assert "| 1 | other | 20.0 | - | 0 | 0 | 0 | 1.0 | 100 |" in table([row("other", 20)])
