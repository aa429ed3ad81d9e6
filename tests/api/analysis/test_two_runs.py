"""Two runs side by side."""

from __future__ import annotations

import pytest

from prism_engine.api.analysis.two_runs import compare_runs
from prism_engine.errors import UserError
from tests.finished import write_run


def test_two_folders_are_compared_and_tables_written(tmp_path):
    first, second = write_run(tmp_path, [1, 0, 1, None]), write_run(tmp_path, [1, 1, None, 0], perceiver="lens")
    found = compare_runs(str(first), str(second), results_dir=tmp_path, out=tmp_path / "out")
    assert (found.paired, found.only_first, found.only_second) == (2, 1, 1)
    assert [(row[5], row[6], row[7]) for row in found.groups.rows] == [
        ("overall", None, 2),
        ("category", "counting", 1),
        ("category", "seeing", 1),
    ]
    assert len(found.flips.rows) == 1
    assert [path.name for path in found.files] == [
        f"{name}.{kind}" for name in ("comparison", "flips") for kind in ("csv", "md", "parquet")
    ]


def test_runs_without_a_common_score_are_an_error(tmp_path):
    first, second = write_run(tmp_path, [1, None]), write_run(tmp_path, [None, 1], perceiver="lens")
    with pytest.raises(UserError, match="no question has a score in both"):
        compare_runs(str(first), str(second), results_dir=tmp_path)


def test_an_unknown_run_is_named(tmp_path):
    with pytest.raises(UserError, match="no run 'nothing'"):
        compare_runs("nothing", "nothing", results_dir=tmp_path)
