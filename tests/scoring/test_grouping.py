"""Rows per group."""

from __future__ import annotations

from prism_engine.records import SampleStatus
from prism_engine.scoring import Group, Scored, groups_of
from prism_engine.scoring.grouping import Means


def test_a_row_is_in_every_group_that_its_marks_name():
    places = (("overall", None), ("l2_category", "l"), ("category", "c"))
    expected = {Group(split, *place) for split in (None, "dev") for place in places}
    assert set(groups_of("dev", "l", "c")) == expected
    assert list(groups_of(None, None, None)) == [Group(None, "overall", None)]


def test_means_of_nothing_are_none_and_overall_is_always_there():
    means = Means(("one", "two"))
    assert [(one.name, one.value, one.n) for one in means.metrics()] == [("one", None, 0), ("two", None, 0)]
    means.add(Scored("1", SampleStatus.DONE, 1.0, "A", category="c"), {"one": 0.5})
    found = {(one.name, one.group): (one.value, one.n) for one in means.metrics()}
    assert found["one", None] == found["one", "c"] == (0.5, 1)
    assert found["two", "c"] == (None, 0)
