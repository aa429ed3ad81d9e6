"""The predictions file read as columns."""

from __future__ import annotations

import json
import subprocess
import sys

import polars as pl
import pytest

from prism_engine.errors import NewerFileError, UserError
from prism_engine.report.scores.predictions import draw_of, first_draws, reading, rows_of, scan, scored_rows


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_only_the_columns_asked_for_are_read(tmp_path):
    path = write(tmp_path / "predictions.jsonl", '{"index": "1", "reply": "yes", "score": 1}\n{"index": "02"}\n')
    rows = scan(path, ["index", "score", "split"]).collect().rows()
    assert rows == [("1", 1.0, None), ("02", None, None)]


def test_a_file_of_many_batches_is_read_whole_and_in_order(tmp_path):
    lines = "".join(f'{{"index": "{number}", "position": {number}}}\n' for number in range(4_500))
    table = scan(write(tmp_path / "predictions.jsonl", lines))
    assert table.collect()["position"].to_list() == list(range(4_500))
    assert table.filter(pl.col("position") > 4_400).head(3).collect()["index"].to_list() == ["4401", "4402", "4403"]


@pytest.mark.parametrize("size", [1, 7, 60, 61, 1 << 20])
@pytest.mark.parametrize("end", ["", "\n"])
def test_batches_end_with_a_line_however_long_it_is(tmp_path, monkeypatch, size, end):
    monkeypatch.setattr("prism_engine.report.scores.predictions._BATCH_BYTES", size)
    rows = [{"index": str(number), "reply": "x" * (number * 37 % 100), "steps": [{"text": "y"}]} for number in range(9)]
    path = write(tmp_path / "predictions.jsonl", "\n".join(map(json.dumps, rows)) + end)
    table = scan(path, ["index", "reply", "steps"]).collect()
    assert table["reply"].to_list() == [row["reply"] for row in rows]
    assert [[step["text"] for step in steps] for steps in table["steps"].to_list()] == [["y"]] * 9
    newer = write(tmp_path / "newer.jsonl", "\n".join(map(json.dumps, [*rows, {"schema": 99}])) + end)
    with pytest.raises(NewerFileError, match=r"newer\.jsonl, line 10"):
        scan(newer, ["index"]).collect()


@pytest.mark.parametrize("place", ["absent.jsonl", "."])
def test_a_missing_file_and_a_folder_in_its_place_are_user_errors(tmp_path, place):
    with pytest.raises(UserError, match=r"no such file|cannot be read"), reading(tmp_path / place):
        scan(tmp_path / place)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not a JSON object"),
        ("[]", "not a JSON object"),
        ('{"index": "1", "score": 1}', "it lacks status, extracted, reply"),
        ('{"index": 1, "status": "done", "score": 1, "extracted": "A", "reply": "A"}', "its index is not text"),
        ('{"index": "1", "status": "lost", "score": 1, "extracted": "A", "reply": "A"}', "status 'lost'"),
    ],
)
def test_an_invalid_line_is_named_with_what_it_lacks(tmp_path, line, message):
    good = '{"index": "0", "status": "done", "score": 1, "extracted": "A", "reply": "A"}'
    path = write(tmp_path / "predictions.jsonl", f"{good}\n{line}\n")
    with pytest.raises(UserError, match=rf"predictions\.jsonl, line 2: .*{message}"):
        list(rows_of(path, "reply"))
    with pytest.raises(UserError, match="no such file"):
        list(rows_of(tmp_path / "none.jsonl"))


def test_a_field_of_the_wrong_type_is_named_with_its_line(tmp_path):
    row = '{"index": "0", "status": "done", "score": 1, "extracted": "A", "options": 5}'
    with pytest.raises(UserError, match=r"line 1: not a row of predictions \(its options"):
        list(scored_rows(write(tmp_path / "predictions.jsonl", row)))


def test_the_first_draws_are_rows_of_questions_that_are_asked_once(tmp_path):
    rows = [
        {"index": index, "status": "done", "score": 1, "extracted": "A", "description_draw": None, "answer_draw": draw}
        for index in ("7", "8")
        for draw in range(3)
    ]
    path = write(tmp_path / "draws.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert list(map(draw_of, rows)) == [(0, 0, 0), (0, 1, 0), (0, 2, 0)] * 2
    asked_once = {"status": "done", "score": 1, "extracted": "A"}
    assert list(first_draws(path)) == [{"index": "7"} | asked_once, {"index": "8"} | asked_once]
    assert draw_of(asked_once) == (0, 0, 0)


def test_a_path_is_never_treated_as_a_glob_pattern(tmp_path):
    folder = tmp_path / "run [v3] *"
    folder.mkdir()
    path = write(folder / "predictions.jsonl", '{"index": "1"}\n')
    assert scan(path).collect().height == 1
    assert scan(path, ["index"]).collect().rows() == [("1",)]


def test_importing_the_report_does_not_import_polars():
    code = "import sys, prism_engine.report; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
