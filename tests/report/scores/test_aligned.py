"""Runs aligned in one order of samples."""

from __future__ import annotations

import numpy as np
import pytest

from prism_engine.errors import UserError
from prism_engine.report.scores.aligned import align
from prism_engine.report.scores.finished import find_runs, read_run
from tests.finished import write_run


def test_scores_are_aligned_by_index_whatever_part_and_order_a_run_has(tmp_path):
    first = write_run(tmp_path, [1, 0, 1], per_picture=2)
    second = write_run(tmp_path, [0, None], perceiver="other", per_picture=2)
    lines = (first / "predictions.jsonl").read_bytes().splitlines(keepends=True)
    (first / "predictions.jsonl").write_bytes(b"".join(reversed(lines)))
    aligned = align([read_run(first), read_run(second)])
    assert aligned.samples["index"].to_list() == ["2", "1", "0"]
    np.testing.assert_array_equal(aligned.scores, [[1, 0, 1], [np.nan, np.nan, 0]])
    assert aligned.clusters[1] == aligned.clusters[2] != aligned.clusters[0]


def test_groups_are_all_samples_first_and_then_each_category(tmp_path):
    write_run(tmp_path, [1, 0, 1])
    groups = [(group.level, group.name, group.members.tolist()) for group in align(find_runs([tmp_path])).groups()]
    assert groups == [
        ("overall", None, [True, True, True]),
        ("category", "counting", [False, True, False]),
        ("category", "seeing", [True, False, True]),
    ]


def test_other_questions_under_one_index_are_an_error_that_names_the_folders(tmp_path):
    runs = [read_run(write_run(tmp_path / text, [1, 1], question=text)) for text in ("How?", "Why?")]
    with pytest.raises(UserError, match=r"index 0 is a different question") as error:
        align(runs)
    assert all(str(run.folder) in str(error.value) for run in runs)


def test_the_groups_are_found_once_however_many_comparisons_go_through_them(tmp_path):
    write_run(tmp_path, [1, 0, 1])
    aligned = align(find_runs([tmp_path]))
    assert [id(group.members) for group in aligned.groups()] == [id(group.members) for group in aligned.groups()]
