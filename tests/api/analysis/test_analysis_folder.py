"""An analysis on disk."""

from __future__ import annotations

import polars as pl
import pytest

from prism_engine.api.analysis.analysis_folder import analyze
from prism_engine.errors import UserError
from tests.finished import write_run


def test_page_tables_and_plots_are_written_and_a_rerun_changes_no_byte(tmp_path):
    write_run(tmp_path / "runs", [1, 0, 1, 0])
    write_run(tmp_path / "runs", [1, 1, 1, 0], perceiver="lens")
    report = analyze([tmp_path / "runs"], tmp_path / "a" / "b")
    before = {path: path.read_bytes() for path in report.files}
    assert report.page == tmp_path / "a" / "b" / "report.md"
    for name in ("accuracies", "comparisons", "effects", "failures", "samples"):
        assert len(pl.read_parquet(tmp_path / "a" / "b" / f"{name}.parquet"))
        assert (tmp_path / "a" / "b" / f"{name}.csv") in before
    assert any(path.suffix == ".png" for path in report.files)
    assert {path: path.read_bytes() for path in analyze([tmp_path / "runs"], tmp_path / "a" / "b").files} == before


def test_plots_can_be_left_out(tmp_path):
    write_run(tmp_path / "runs", [1, 0])
    assert {path.suffix for path in analyze([tmp_path / "runs"], tmp_path / "out", plots=None).files} == {
        ".md",
        ".html",
        ".csv",
        ".parquet",
    }


def test_a_folder_that_cannot_be_created_is_named(tmp_path):
    write_run(tmp_path / "runs", [1, 0])
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file/out: cannot be created"):
        analyze([tmp_path / "runs"], tmp_path / "file" / "out")
