"""The whole analysis."""

from __future__ import annotations

from prism_engine.report.effects.analysis import analyse
from prism_engine.report.effects.two_factor import TwoFactor, Unestimable
from prism_engine.report.scores.finished import find_runs
from tests.finished import write_run


def test_each_benchmark_is_analysed_by_itself_and_grids_also_over_all(analysis):
    assert list(analysis.benchmarks) == ["Bench", "Other"]
    assert {one.benchmark for one in analysis.contrasts} == {"Bench", "Other"}
    assert [(grid.benchmark, grid.instruction) for grid in analysis.grids] == [
        ("Bench", "detailed"),
        ("Bench", "generic"),
        ("Other", "generic"),
        ("all benchmarks", "generic"),
    ]


def test_a_grid_over_all_benchmarks_has_all_their_runs_and_questions(analysis):
    estimate = analysis.grids[-1].estimate
    assert isinstance(estimate, TwoFactor)
    assert (estimate.runs, estimate.samples, estimate.clusters) == (8, 160, 80)
    assert [effect.model for effect in estimate.reasoning] == ["brain", "mind"]


def test_a_single_run_has_a_reason_in_place_of_effects(tmp_path):
    write_run(tmp_path, [1, 0])
    (grid,) = analyse(find_runs([tmp_path])).grids
    assert isinstance(grid.estimate, Unestimable)


def test_every_decoupled_run_is_judged(analysis):
    assert len(analysis.judged) == 9
    assert all(len(judged.verdicts) == 80 for judged in analysis.judged)
