"""Groups of rows and their means."""

from __future__ import annotations

from prism_engine.records import SampleStatus
from prism_engine.scoring import Group, Scored, groups_of
from prism_engine.scoring.grouping import Means


def test_a_row_is_in_every_group_that_its_attributes_name():
    levels = (("overall", None), ("l2_category", "l"), ("category", "c"))
    expected = {Group(split, *level) for split in (None, "dev") for level in levels}
    assert set(groups_of("dev", "l", "c")) == expected
    assert list(groups_of(None, None, None)) == [Group(None, "overall", None)]


def test_means_without_rows_are_none_and_overall_always_exists():
    means = Means(("one", "two"))
    assert [(metric.name, metric.value, metric.n) for metric in means.metrics()] == [("one", None, 0), ("two", None, 0)]
    means.add(Scored("1", SampleStatus.DONE, 1.0, "A", category="c"), {"one": 0.5})
    found = {(metric.name, metric.group): (metric.value, metric.n) for metric in means.metrics()}
    assert found["one", None] == found["one", "c"] == (0.5, 1)
    assert found["two", "c"] == (None, 0)
