"""A grid as one column of answers."""

from __future__ import annotations

import numpy as np

from prism_engine.report.effects.stacked import GridRun, stacked

NAN = np.nan
RUNS = [
    GridRun("b", "p", "r", np.array([1, 0, NAN])),
    GridRun("c", "p", "r", np.array([1.0])),
    GridRun("b", "q", "r", np.array([0, 1, 1])),
]
CLUSTERS = {"b": np.array([0, 1, 1]), "c": np.array([0])}


def test_only_questions_with_a_score_in_every_run_count_and_benchmarks_share_no_picture():
    found = stacked(RUNS, CLUSTERS)
    assert found is not None
    assert found.cell.tolist() == [0, 0, 2, 2, 1]
    assert found.score.tolist() == [1, 0, 0, 1, 1]
    assert found.cluster.tolist() == [0, 1, 0, 1, 2]
    assert (found.samples, found.of_samples) == (3, 4)


def test_blocks_are_tables_of_runs_and_questions():
    found = stacked(RUNS, CLUSTERS)
    assert found is not None
    first, second = found.blocks(np.array([[1.0], [0.0], [-1.0]]))
    assert first.design.tolist() == [[1], [-1]]
    assert first.scores.tolist() == [[1, 0], [0, 1]]
    assert first.clusters.tolist() == [0, 1]
    assert second.scores.tolist() == [[1]]


def test_a_benchmark_without_such_a_question_leaves_nothing():
    assert stacked([RUNS[0]._replace(scores=np.array([NAN, NAN, NAN])), RUNS[2]], CLUSTERS) is None
