from __future__ import annotations

from contextlib import closing

import pytest

from prism_engine.datasets.relations import ROTATED, Relations
from prism_engine.datasets.rows import Row

FOUR = {letter: letter.lower() for letter in "ABCD"}


def found(*rows, circular=False):
    with closing(Relations(circular=circular)) as relations:
        for number, (index, pictured, targets, cells) in enumerate(rows, start=1):
            row = Row(number, {"index": index, "question": "?", **cells})
            relations.add(row, pictured=pictured, targets=targets)
        return [(number, flaw.what) for number, _, flaw in relations.flaws()]


def one(index, *targets, pictured=True, **cells):
    return (str(index), pictured, targets, cells)


def rotations(index, count, **cells):
    return [one(index + turn * ROTATED, **(cells or FOUR)) for turn in range(count)]


def test_sound_rows_have_no_flaw():
    assert found(one("a"), one("b", "a"), one("c", pictured=False)) == []
    assert found(*rotations(3, 4), *rotations(4, 2, A="x", B="y"), circular=True) == []


def test_every_duplicate_of_an_index_is_reported():
    assert found(one("a"), one("b"), one("a"), one("a")) == [
        (3, "duplicate index"), (4, "duplicate index"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rows", [[one("a", "gone")], [one("a", "b"), one("b", pictured=False)], [one("a", "b"), one("b", "c"), one("c")]]
)
def test_dangling_references_are_reported(rows):
    assert found(*rows) == [(1, "dangling reference")]


def test_missing_rotations_are_errors_and_single_questions_warnings():
    assert found(*rotations(3, 2), circular=True) == [(1, "missing rotations")]
    assert found(*rotations(3, 1), circular=True) == [(1, "question without rotations")]
    assert found(*rotations(3, 5), circular=True) == [(1, "more rotations than options")]
    assert found(*rotations(3, 4)[1:], circular=True) == [(1, "rotations without their question")]
    assert found(*rotations(3, 2)) == []


def test_groups_may_be_named_by_a_column():
    rows = [one(f"x{turn}", g_index="x0", **FOUR) for turn in range(4)]
    assert found(*rows, circular=True) == []
    assert found(*rows[:3], circular=True) == [(1, "missing rotations")]


def test_an_index_that_is_no_number_is_in_no_group():
    assert found(one("x1", **FOUR), one("9" * 30, **FOUR), circular=True) == []
