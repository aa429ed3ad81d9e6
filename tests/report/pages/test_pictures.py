"""The plots of an analysis."""

from __future__ import annotations

import orjson
import pytest

from prism_engine.report.effects.analysis import analyse
from prism_engine.report.pages.pictures import _chance, draw_analysis
from prism_engine.report.scores.finished import find_runs
from tests.finished import write_run


def test_there_is_a_plot_for_each_question_that_the_runs_answer(analysis, tmp_path):
    drawn = draw_analysis(analysis, tmp_path / "plots", "svg")
    assert all(path.is_file() for path in drawn)
    assert sorted(path.stem for path in drawn) == [
        "Bench-arms",
        "Bench-eye-by-category",
        "Bench-failures",
        "Bench-generic-v3-perception",
        "Bench-generic-v3-reasoning",
        "Bench-instructions",
        "Bench-perceivers",
        "Bench-reasoners",
        "Other-arms",
        "Other-failures",
        "Other-generic-v3-perception",
        "Other-generic-v3-reasoning",
        "Other-perceivers",
        "Other-reasoners",
        "all_benchmarks-generic-v3-perception",
        "all_benchmarks-generic-v3-reasoning",
    ]


def test_a_single_run_has_nothing_to_compare(tmp_path):
    write_run(tmp_path, [1, 0])
    drawn = draw_analysis(analyse(find_runs([tmp_path])), tmp_path / "plots", "png")
    assert [path.name for path in drawn] == ["Bench-failures.png"]


@pytest.mark.parametrize(
    ("chances", "drawn"), [((0.25, 0.25), 0.25), ((0.25, 0.5), None), ((0.25, None), None), ((None, None), None)]
)
def test_guessing_is_drawn_where_it_is_the_same_for_all(tmp_path, chances, drawn):
    for who, chance in zip(("one", "other"), chances, strict=True):
        folder = write_run(tmp_path, [1, 0], reasoner=who)
        scores = {"overall": {"chance": chance}, "groups": [{"chance": chance}]}
        (folder / "scores.json").write_bytes(orjson.dumps(scores))
    assert _chance(analyse(find_runs([tmp_path])).benchmarks["Bench"]) == drawn
