"""The rows of a run: read lazily as dicts, or as a polars frame."""

from __future__ import annotations

import itertools

import orjson
import polars as pl
import pytest

from prism_engine import api
from prism_engine.api.results.result_rows import read_rows
from prism_engine.config import Arm, load_registry
from prism_engine.errors import UserError
from tests.api.judged import configured, rows
from tests.shapes import write_shapes


def test_a_report_yields_its_predictions_one_at_a_time(finished):
    given = finished.rows()
    assert next(given)["index"] == "0"
    assert [row["index"] for row in itertools.islice(given, 2)] == ["1", "2"]
    assert list(finished.rows()) == rows(finished.folder)


def test_the_frame_is_the_parquet_file(finished):
    frame = finished.frame()
    assert frame.equals(pl.read_parquet(finished.folder / "predictions.parquet"))
    assert frame["reply"].to_list() == [row["reply"] for row in finished.rows()]


def test_a_run_that_only_describes_yields_descriptions(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 6, 0)
    report = api.run(configured(tmp_path, mode=Arm.PERCEPTION), load_registry())
    assert [row["description"] for row in report.rows()] == report.frame()["description"].to_list()
    assert all(row["description"] for row in report.rows())
    assert "reply" not in next(report.rows())


def test_a_run_that_only_writes_hints_yields_hints(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 6, 0)
    config = configured(tmp_path, mode=Arm.PROMPTS, instruction="query-specific_scripted")
    report = api.run(config, load_registry())
    assert [row["contents"] for row in report.rows()] == report.frame()["contents"].to_list()
    assert len(report.frame()) == 6


def test_of_several_draws_the_rows_are_the_first(drawn):
    report = drawn()
    assert list(report.rows()) == rows(report.folder, "predictions.jsonl")
    assert len(rows(report.folder, "draws.jsonl")) == 6 * len(report.frame())


def test_without_results_the_error_comes_before_the_first_row(finished):
    (finished.folder / "predictions.jsonl").unlink()
    for read in (finished.rows, finished.frame):
        with pytest.raises(UserError, match=r"predictions\.jsonl: the run has written no results"):
            read()


@pytest.mark.parametrize(("line", "says"), [(b"[1]\n", "not a JSON object"), (b'{"a\n', r"not a JSON object \(")])
def test_a_damaged_line_is_named(tmp_path, line, says):
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(orjson.dumps({"index": "0"}) + b"\n" + line)
    given = read_rows(path)
    assert next(given) == {"index": "0"}
    with pytest.raises(UserError, match=rf"predictions\.jsonl, line 2: {says}"):
        next(given)
