"""An analysis as tables."""

from __future__ import annotations

import pytest

from prism_engine.report.effects.analysis import analyse
from prism_engine.report.pages.findings import sheets
from prism_engine.report.scores.finished import find_runs
from tests.finished import write_run


def numbers(row) -> list[float]:
    return [cell if isinstance(cell, float) else 0.0 for cell in row]


def column(sheet, name):
    place = [one.name for one in sheet.columns].index(name)
    return [row[place] for row in sheet.rows]


def test_tables_have_a_row_for_everything_that_was_found(analysis):
    found = sheets(analysis)
    assert len(found["accuracies"].rows) == len(analysis.accuracies) == 12 * 3
    assert len(found["comparisons"].rows) == len(analysis.contrasts)
    assert len(found["samples"].rows) == 9 * 80
    for sheet in found.values():
        assert {len(row) for row in sheet.rows} == {len(sheet.columns)}
        sheet.lines()


def test_the_verdicts_of_a_group_are_all_its_samples(analysis):
    sheet = sheets(analysis)["failures"]
    totals = {}
    for row in sheet.rows:
        totals.setdefault(row[:4], []).append(row[6])
    assert len(totals) == 9 * 3
    assert all(sum(shares) == pytest.approx(1) for shares in totals.values())
    assert all(row[7] <= row[6] <= row[8] for row in map(numbers, sheet.rows))


def test_a_grid_without_an_estimate_has_a_row_with_the_reason(tmp_path):
    write_run(tmp_path, [1, 0])
    sheet = sheets(analyse(find_runs([tmp_path])))["effects"]
    assert column(sheet, "model") == [None]
    assert column(sheet, "remark") == ["cannot be estimated: it takes two perceivers or two reasoners at least"]


def test_penalised_effects_say_so(tmp_path):
    write_run(tmp_path, [1, 0, 1, 0])
    write_run(tmp_path, [0, 0, 0, 0], perceiver="lens")
    sheet = sheets(analyse(find_runs([tmp_path])))["effects"]
    assert column(sheet, "model") == ["eye", "lens"]
    assert set(column(sheet, "remark")) == {"penalised"}
