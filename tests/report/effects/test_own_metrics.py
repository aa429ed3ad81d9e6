"""Differences in a benchmark's own metrics."""

from __future__ import annotations

import numpy as np
import pytest

from prism_engine.report.effects.own_metrics import metric_contrasts
from prism_engine.report.scores.finished import read_run
from tests.finished import rotated, write_run

SETS = 30
ROWS = [
    {"index": f"VD_chart_1_{one}_{figure}_{question}", "images": [f"{one} {figure}"], "category": "VD"}
    for one in range(SETS)
    for figure in range(2)
    for question in range(2)
]


def hallusion(folder, name, scores, **more):
    scores = [None if np.isnan(score) else float(score) for score in scores]
    kind = more.pop("kind", "hallusion")
    return read_run(write_run(folder, scores, mode="direct", perceiver=name, kind=kind, rows=ROWS, **more))


def test_each_metric_is_compared_over_its_own_units(tmp_path):
    draw = np.random.default_rng(0)
    first, second = draw.random(len(ROWS)) < 0.9, draw.random(len(ROWS)) < 0.6
    runs = hallusion(tmp_path, "a", first), hallusion(tmp_path, "b", second)
    found = {each.metric: each for each in metric_contrasts(*runs)}
    figures = second.reshape(-1, 2).all(axis=1).mean() - first.reshape(-1, 2).all(axis=1).mean()
    assert found["fAcc"].difference.value == pytest.approx(100 * figures)
    assert (found["fAcc"].difference.n, found["fAcc"].unit) == (2 * SETS, "figure")
    clusters = {name: each.difference.clusters for name, each in found.items()}
    whole = "mean of aAcc, fAcc and qAcc"
    # Questions about several figures tie these together.
    assert clusters == {"aAcc": 2 * SETS, "fAcc": 2 * SETS, "qAcc": SETS, whole: SETS}
    for each in found.values():
        gap = each.difference
        assert gap.low < gap.value < gap.high
        assert each.second - each.first == pytest.approx(gap.value)
        assert each.p < 0.01


def test_only_samples_with_a_score_in_both_runs_count(tmp_path):
    half = np.where(np.arange(len(ROWS)) < 8, np.nan, 1.0)
    runs = hallusion(tmp_path, "a", half), hallusion(tmp_path, "b", np.ones(len(ROWS)))
    found = {each.metric: each for each in metric_contrasts(*runs)}
    assert (found["aAcc"].difference.n, found["aAcc"].second, found["aAcc"].p) == (len(ROWS) - 8, 100, 1.0)


def test_runs_of_other_kinds_or_rules_and_rotations_have_none(tmp_path):
    scores = np.ones(len(ROWS))
    one = hallusion(tmp_path, "a", scores)
    for name, more in (("b", {"kind": "yes_no"}), ("c", {"profile": "v1"}), ("d", {"kind": None})):
        assert list(metric_contrasts(one, hallusion(tmp_path, name, scores, **more))) == []
    turned = [
        read_run(write_run(tmp_path, [1.0] * 8, mode="direct", perceiver=name, kind="circular", rows=rotated(2)))
        for name in ("e", "f")
    ]
    assert list(metric_contrasts(*turned)) == []


def test_the_interval_of_a_difference_has_its_nominal_coverage(tmp_path):
    draw = np.random.default_rng(6)
    inside = []
    for place in range(60):
        drawn = [draw.random(len(ROWS)) < share for share in (0.8, 0.7)]
        runs = [hallusion(tmp_path / str(place), name, each) for name, each in zip("ab", drawn, strict=True)]
        gap = next(each.difference for each in metric_contrasts(*runs) if each.metric == "qAcc")
        inside.append(gap.low <= 100 * (0.7**2 - 0.8**2) <= gap.high)
    assert np.mean(inside) >= 0.88


def test_rows_are_not_read_again_for_a_kind_without_metrics(tmp_path):
    runs = [read_run(write_run(tmp_path, [1, 0], reasoner=name, kind="choice")) for name in "ab"]
    for run in runs:
        (run.folder / "predictions.jsonl").unlink()
    assert runs[0].scorer is not None
    assert list(metric_contrasts(*runs)) == []
