"""Excel files: text round-trips unchanged, whatever it looks like."""

from __future__ import annotations

import string

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.errors import UserError
from prism_engine.report.pages.workbook import MOST_CHARACTERS, is_cut, read_workbook, write_workbook

CELLS = st.none() | st.text(st.characters(codec="utf-8"), max_size=30)


def texts(path):
    return [list(row.values()) for row in read_workbook(path)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5))
def test_texts_survive_and_blank_ones_are_nothing(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("book") / "a.xlsx"
    rows = [[f"i{at}", *row] for at, row in enumerate(rows)]
    assert write_workbook(path, ["index", "A", "B"], rows) == []
    assert texts(path) == [[None if text is None or not text.strip() else text for text in row] for row in rows]


def test_nothing_is_interpreted_as_a_formula_a_link_or_a_number(tmp_path):
    row = ["=1+1", "http://example.org", "007", "1e5", "TRUE", "_x0041_", "@SUM(A1)", "NA"]
    write_workbook(tmp_path / "a.xlsx", list(string.ascii_uppercase[: len(row)]), [row])
    assert texts(tmp_path / "a.xlsx") == [row]


def test_numbers_of_other_tools_are_read_as_they_are_shown(tmp_path):
    pl.DataFrame({"index": [12, 13], "score": [1.5, None], "sure": [True, False]}).write_excel(tmp_path / "a.xlsx")
    assert texts(tmp_path / "a.xlsx") == [["12", "1.5", "true"], ["13", None, "false"]]


@pytest.mark.parametrize("letter", ["z", "\U0001f600"])
def test_a_text_too_long_for_a_cell_is_cut_with_a_note(tmp_path, letter):
    long = letter * (MOST_CHARACTERS + 1)
    assert write_workbook(tmp_path / "a.xlsx", ["t"], [["short"], [long], ["short"]]) == [2]
    (_,), (cut,), (_,) = texts(tmp_path / "a.xlsx")
    assert cut is not None
    assert len(cut.encode("utf-16-le")) // 2 in (MOST_CHARACTERS, MOST_CHARACTERS - 1)
    length = (MOST_CHARACTERS + 1) * (1 if letter == "z" else 2)
    assert cut.endswith(f" [cut: {length:,} characters]")
    assert is_cut(cut)
    assert not is_cut("z" * (MOST_CHARACTERS - 2))


def test_a_file_that_is_not_a_workbook_is_named(tmp_path):
    (tmp_path / "a.xlsx").write_text("no")
    with pytest.raises(UserError, match=r"a\.xlsx: cannot be read as an Excel file"):
        texts(tmp_path / "a.xlsx")
    with pytest.raises(UserError, match="absent"):
        texts(tmp_path / "absent.xlsx")
    with pytest.raises(UserError, match="cannot be written"):
        write_workbook(tmp_path / "no" / "a.xlsx", ["t"], [["x"]])
