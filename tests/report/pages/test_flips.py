"""Questions that one run gets right and another one wrong."""

from __future__ import annotations

from prism_engine.report.pages.sheets import flips
from prism_engine.report.scores.aligned import align
from prism_engine.report.scores.finished import read_run
from tests.finished import write_run


def test_flips_are_listed_with_both_answers_and_what_got_worse_first(tmp_path):
    first = write_run(tmp_path, [1, 0, 1, None, 0])
    second = write_run(tmp_path, [1, 1, 0, 1, 0], perceiver="lens")
    sheet = flips(align([read_run(first), read_run(second)]))
    names = [column.name for column in sheet.columns]
    rows = [dict(zip(names, row, strict=True)) for row in sheet.rows]
    assert [(row["change"], row["index"], row["first_answer"], row["second_answer"]) for row in rows] == [
        ("right to wrong", "2", "A", "B"),
        ("wrong to right", "1", "B", "A"),
    ]
    assert rows[0]["question"] == "What? 2"
