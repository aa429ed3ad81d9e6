"""Differences between scorers, row by row and in total."""

from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Score
from prism_engine.report import Sensitivity

ROW = {"index": "1", "target": "A", "reply": "x" * 1000}


def test_rows_that_differ_are_written_and_others_are_not(tmp_path):
    file = io.BytesIO()
    panel = Sensitivity(("v1", "v3"), file)
    panel.add(ROW, {"v1": Score(1.0, "A"), "v3": Score(1.0, "A")})
    panel.add(ROW, {"v1": Score(1.0, "A"), "v3": Score(0.0, None)})
    panel.add(ROW, {"v1": Score(0.0, "B"), "v3": Score(0.0, None)})
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [line["read"] for line in lines] == [{"v1": "A", "v3": None}, {"v1": "B", "v3": None}]
    assert len(lines[0]["reply_end"]) == 300
    assert (panel.rows, panel.differing, panel.examples) == (3, 2, lines)
    (pair,) = panel.differences()
    assert (pair.first_total, pair.second_total, pair.rows, pair.more, pair.less) == (2.0, 1.0, 2, 1.0, 0.0)
    panel.write(tmp_path / "sensitivity.json")
    written = json.loads((tmp_path / "sensitivity.json").read_text())
    assert (written["rows"], written["differing"]) == (3, 2)
    assert written["pairs"][0]["more"] == 1.0


scores = st.builds(Score, st.sampled_from([None, 0.0, 0.25, 1.0]), st.sampled_from([None, "A", "B"]))


@given(st.lists(st.fixed_dictionaries({"v1": scores, "v3": scores, "prism": scores}), max_size=30))
def test_the_totals_reconcile(rows):
    panel = Sensitivity(("v1", "v3", "prism"), io.BytesIO())
    for row in rows:
        panel.add(ROW, row)
    assert len(panel.differences()) == 3
    for pair in panel.differences():
        assert pair.first_total - pair.second_total == pair.more - pair.less
        assert pair.first_total == sum(row[pair.first].value or 0.0 for row in rows)
