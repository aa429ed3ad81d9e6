"""The original's Excel files: discovery, the meaning of cells, and errors in tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.errors import UserError
from prism_engine.original.layout import FAILED, OriginalTable, completion, find_folders
from prism_engine.records import Outcome, Sample
from prism_engine.report.pages.workbook import MOST_CHARACTERS
from tests.original import originals


def test_perceivers_and_reasoners_are_found_and_other_files_are_not(tmp_path):
    rows = originals.benchmark(tmp_path, 2)
    folder = originals.place(tmp_path / "results")
    originals.table(folder / "GPT4V_description.xlsx", originals.described(rows))
    originals.table(folder / "GPT4V_description_core.xlsx", originals.described(rows))
    originals.table(folder / "chatgpt-0125" / "chatgpt-0125.xlsx", originals.answered(rows))
    originals.table(folder / "chatgpt-0125" / "chatgpt-0125_openai_result.xlsx", originals.answered(rows))
    (folder / "chatgpt-0125" / "chatgpt-0125.pkl").write_bytes(b"never opened")
    (folder / "empty").mkdir()
    for start in (tmp_path, tmp_path / "results", folder):
        (found,) = find_folders(start)
        assert found[:3] == ("generic", "shapes", "GPT4V")
        assert [name for name, _ in found.answered()] == ["chatgpt-0125"]
    with pytest.raises(UserError, match="no results of the original"):
        find_folders(tmp_path / "cache")


@pytest.mark.parametrize(
    ("row", "outcome", "detail"),
    [
        ({"prediction": "B"}, Outcome.OK, ""),
        ({"prediction": FAILED}, Outcome.ERROR, "the original's call failed"),
        ({"prediction": f"x {FAILED} y"}, Outcome.ERROR, "the original's call failed"),
        ({"prediction": None, "post_log": "All 5 retries failed.\n"}, Outcome.ERROR, "All 5 retries failed."),
        ({"prediction": None, "post_log": "Succeed"}, Outcome.EMPTY, "the cell is empty"),
        ({"prediction": None}, Outcome.EMPTY, "the cell is empty"),
        ({"prediction": "z" * MOST_CHARACTERS}, Outcome.TRUNCATED, ""),
    ],
)
def test_a_failure_marker_is_not_taken_for_text(row, outcome, detail):
    said = completion(row, "prediction")
    assert (said.outcome, said.detail) == (outcome, detail)
    assert said.usable == outcome.reusable


@given(st.text(min_size=1, max_size=50).filter(lambda text: FAILED not in text and text.strip()))
def test_any_other_text_is_kept_unchanged(text):
    assert completion({"description": text}, "description").text == text


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"index": 1, "description": "a"}, {"index": 1, "description": "b"}], "row 2: index 1 is already in row 1"),
        ([{"id": 1, "description": "a"}], "no column 'index'; it has id, description"),
        ([{"index": 1, "text": "a"}], "no column 'description'"),
        ([{"index": None, "description": "a"}, {"index": 2, "description": "a"}], "row 1, column 'index'"),
    ],
)
def test_an_error_in_a_table_names_its_row(tmp_path, rows, says):
    with pytest.raises(UserError, match=says):
        OriginalTable(originals.table(tmp_path / "a.xlsx", rows), "description")


def test_a_rotated_question_without_a_row_uses_its_core_question_s(tmp_path):
    rows = [{"index": 5, "description": "core"}, {"index": 1_000_006, "description": "own"}]
    table = OriginalTable(originals.table(tmp_path / "a.xlsx", rows), "description")
    found = {index: table.row(Sample(0, index, (), "?")) for index in ("5", "3000005", "1000006", "6", "x")}
    assert {index: row and row["description"] for index, row in found.items()} == {
        "5": "core", "3000005": "core", "1000006": "own", "6": None, "x": None,
    }  # fmt: skip
    assert len(table) == 2
