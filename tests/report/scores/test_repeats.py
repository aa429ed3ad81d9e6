"""Intervals where pictures repeat."""

from __future__ import annotations

import json

import numpy as np
import orjson
import pytest

from prism_engine.report.scores.inference import clustered_share
from prism_engine.report.scores.repeats import clustered_intervals
from prism_engine.report.scores.statistics import summarise, wilson


def write(folder, rows, dumps=orjson.dumps):
    path = folder / "predictions.jsonl"
    lines = [dumps({"index": str(place), "status": "done", "images": ["x"], **row}) for place, row in enumerate(rows)]
    path.write_bytes(b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines))
    return path


def rows(pictures, category="c"):
    return [
        {"score": float(place % 3 == 0), "images": [f"p{picture}"], "category": category}
        for place, picture in enumerate(pictures)
    ]


def test_where_no_picture_repeats_there_is_none(tmp_path):
    path = write(tmp_path, rows(range(9)))
    assert clustered_intervals(path) == {}
    assert summarise(path, profile="v3").overall.pictures is None


@pytest.mark.parametrize("dumps", [orjson.dumps, json.dumps])
def test_each_group_whose_pictures_repeat_has_the_interval_of_its_rows(tmp_path, dumps):
    pictures = np.arange(12) // 2
    alone = [row | {"images": [f"other{place}"]} for place, row in enumerate(rows(range(6), "d"))]
    failed = [{"score": None, "status": "failed", "images": ["p0"], "category": "c"}]
    path = write(tmp_path, [*rows(pictures), *alone, *failed], dumps)
    found = clustered_intervals(path)
    expected = clustered_share(np.array([place % 3 == 0 for place in range(12)], dtype=float), pictures)
    assert set(found) == {(None, "overall", None), (None, "category", "c")}
    assert found[None, "category", "c"] == pytest.approx((6, expected.low, expected.high))
    assert found[None, "overall", None].pictures == 12


def test_it_is_the_interval_of_the_accuracy(tmp_path):
    scores = summarise(write(tmp_path, rows(np.arange(40) // 4)), profile="v3")
    overall, (category,) = scores.overall, scores.groups
    assert (overall.pictures, category.pictures) == (10, 10)
    low, share, high = (value or 0.0 for value in (overall.clustered_low, overall.accuracy, overall.clustered_high))
    assert 0 < low < share < high < 1
    assert (overall.accuracy_low, overall.accuracy_high) == (low, high)
    assert (low, high) != wilson(overall.correct, overall.scored)


def test_samples_of_several_pictures_go_together_where_they_share_one(tmp_path):
    sharing = [{"score": 1.0, "images": images} for images in (["a", "b"], ["b", "c"], ["d"], [])]
    assert clustered_intervals(write(tmp_path, sharing))[None, "overall", None].pictures == 3


def test_splits_are_groups_of_their_own(tmp_path):
    pictures = rows(np.arange(8) // 2)
    for place, row in enumerate(pictures):
        row["split"] = "val" if place < 4 else "test"
    found = clustered_intervals(write(tmp_path, pictures))
    assert {place[0] for place in found} == {None, "val", "test"}
    assert found["val", "overall", None].pictures == 2


def test_a_question_that_looks_like_the_field_is_not_mistaken_for_it(tmp_path):
    asked = [row | {"question": '"images":["p1"'} for row in rows(range(5))]
    assert clustered_intervals(write(tmp_path, asked)) == {}


def test_failed_rows_that_count_as_wrong_count_in_the_interval_too(tmp_path):
    known = rows(np.arange(8) // 2)
    lost = [{"score": None, "status": "failed", "images": ["p0"], "category": "c", "target": "A", "options": []}]
    open_ones = [{"score": None, "status": "failed", "images": ["p1"], "category": "c", "target": None, "options": []}]
    path = write(tmp_path, [*known, *lost, *open_ones])
    (tmp_path / "wrong").mkdir()
    as_wrong = write(tmp_path / "wrong", [*known, rows([0])[0] | {"score": 0.0}])
    expected = clustered_intervals(as_wrong)[None, "overall", None]
    assert clustered_intervals(path, failed_as_wrong=True)[None, "overall", None] == pytest.approx(expected)
    assert clustered_intervals(path)[None, "overall", None] != pytest.approx(expected)
