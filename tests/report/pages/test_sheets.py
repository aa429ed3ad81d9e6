"""Tables for people and machines."""

from __future__ import annotations

import polars as pl
import pytest

from prism_engine.errors import UserError
from prism_engine.report.pages.sheets import BOARD_FORMATS, Column, Sheet, markdown, write_sheet

SHEET = Sheet(
    (
        Column("who", "Who"),
        Column("n", "Samples", "count"),
        Column("share", "Share %", "share"),
        Column("gap", "Gap", "points"),
        Column("effect", "Effect", "effect"),
        Column("p", "p", "p"),
    ),
    (("a|b", 1234, 1 / 3, -0.05, 0.5, 0.0004), ("c", None, None, 0.0, -1.25, 0.25)),
)


def test_people_read_rounded_numbers_and_dashes():
    assert SHEET.lines() == [
        ("a|b", "1,234", "33.3", "-5.0", "+0.50", "<0.001"),
        ("c", "-", "-", "+0.0", "-1.25", "0.250"),
    ]
    text = markdown(SHEET).splitlines()
    assert text[1] == "| --- | ---: | ---: | ---: | ---: | ---: |"
    assert text[2].startswith("| a\\|b | 1,234 |")


def test_machines_read_all_digits_and_every_run_writes_the_same_bytes(tmp_path):
    files = write_sheet(SHEET, tmp_path / "t.v1")
    assert [file.name for file in files] == ["t.v1.csv", "t.v1.md", "t.v1.parquet"]
    before = [file.read_bytes() for file in files]
    table = pl.read_parquet(files[2])
    assert table.rows() == list(SHEET.rows)
    assert table.schema["n"] == pl.Int64
    assert files[0].read_text().splitlines()[1] == f"a|b,1234,{1 / 3},-0.05,0.5,0.0004"
    assert [file.read_bytes() for file in write_sheet(SHEET, tmp_path / "t.v1")] == before


def test_columns_can_be_left_out():
    assert SHEET.without("n", "gap").lines()[1] == ("c", "-", "-1.25", "0.250")


def test_a_sheet_without_rows_is_a_table_too(tmp_path):
    files = write_sheet(Sheet(SHEET.columns, ()), tmp_path / "t")
    assert pl.read_parquet(files[2]).columns == ["who", "n", "share", "gap", "effect", "p"]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        write_sheet(SHEET, tmp_path / "nowhere" / "t")


def test_a_markdown_file_is_the_markdown_table(tmp_path):
    (file,) = write_sheet(SHEET, tmp_path / "t", ("md",))
    assert file.read_text() == markdown(SHEET)


def test_a_latex_file_is_a_table_by_booktabs_without_empty_columns(tmp_path):
    sheet = Sheet(SHEET.columns, tuple((*row[:1], None, *row[2:]) for row in SHEET.rows))
    file = write_sheet(sheet, tmp_path / "t", BOARD_FORMATS)[-1]
    assert file.name == "t.tex"
    assert file.read_text().splitlines() == [
        "\\begin{tabular}{lrrrr}",
        "\\toprule",
        "Who & Share \\% & Gap & Effect & p \\\\",
        "\\midrule",
        "a\\textbar{}b & 33.3 & $-5.0$ & $+0.50$ & \\textless{}0.001 \\\\",
        "c & - & $+0.0$ & $-1.25$ & 0.250 \\\\",
        "\\bottomrule",
        "\\end{tabular}",
    ]


def test_csv_as_a_text_is_the_csv_file(tmp_path):
    (file,) = write_sheet(SHEET, tmp_path / "t", ("csv",))
    assert SHEET.csv_text() == file.read_text()
