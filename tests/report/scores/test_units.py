"""Intervals of a benchmark's own metrics, over the units that they count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prism_engine.records import AnswerKind, SampleStatus
from prism_engine.report.scores.inference import clustered_share
from prism_engine.report.scores.statistics import summarise
from prism_engine.report.scores.tables import unit_note
from prism_engine.report.scores.units import estimate, unit_clusters, with_intervals
from prism_engine.scoring import Scored, Unit, scorer_of
from tests.scoring.test_scorer import total


def row(index, score, images=None, **more):
    return Scored(index, SampleStatus.DONE, score, "A", images=images or (f"picture of {index}",), **more)


def own(kind, rows, name, group=None):
    scorer = scorer_of(kind, "prism")
    metrics = with_intervals(scorer.metrics(rows), scorer.units(rows))
    return next(metric for metric in metrics if (metric.name, metric.group) == (name, group))


def test_circular_accuracy_has_an_interval_over_questions_not_rotations():
    right = np.random.default_rng(0).random(50) < 0.7
    rows = [
        row(str(question + turn * 1_000_000), float(right[question] or turn < 2), (f"p{question}",), category="c")
        for question in range(50)
        for turn in range(4)
    ]
    found = own(AnswerKind.CIRCULAR, rows, "circular accuracy")
    expected = clustered_share(right.astype(float), np.arange(50))
    assert (found.n, found.unit) == (50, "question with all rotations")
    assert (found.value, found.low, found.high) == pytest.approx((right.mean(), expected.low, expected.high))
    assert own(AnswerKind.CIRCULAR, rows, "circular accuracy", "c").low == pytest.approx(found.low)


def test_tables_say_what_a_metric_counts(tmp_path):
    own_numbers = scorer_of(AnswerKind.HALLUSION, "prism").metrics(hallusion(2))
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(b"")
    scores = replace(summarise(path, profile="prism"), metrics=own_numbers)
    assert unit_note(scores).startswith("fAcc: per figure; qAcc: per question over all its figures")
    assert unit_note(replace(scores, metrics=())) == ""


def hallusion(sets=20, seed=1):
    draw = np.random.default_rng(seed)
    return [
        row(f"VD_chart_1_{one}_{figure}_{question}", float(draw.random() < 0.8), (f"{one} {figure}",), category="VD")
        for one in range(sets)
        for figure in range(2)
        for question in range(3)
    ]


def test_hallusionbench_is_the_mean_of_its_three_accuracies():
    rows = hallusion()
    parts = [own(AnswerKind.HALLUSION, rows, name) for name in ("aAcc", "fAcc", "qAcc")]
    found = own(AnswerKind.HALLUSION, rows, "mean of aAcc, fAcc and qAcc")
    assert scorer_of(AnswerKind.HALLUSION, "v3").headline == found.name
    assert found.value == pytest.approx(np.mean([part.value for part in parts]))
    assert [(part.n, part.unit) for part in parts] == [
        (120, "question"), (40, "figure"), (60, "question over all its figures"),
    ]  # fmt: skip
    for each in (*parts, found):
        assert 0 < each.low < each.value < each.high < 100
    assert own(AnswerKind.HALLUSION, rows, found.name, "VD").low == pytest.approx(found.low)


def test_questions_over_several_figures_tie_these_into_one_cluster():
    units = list(scorer_of(AnswerKind.HALLUSION, "prism").units(hallusion(sets=5)))
    assert len(set(unit_clusters(units))) == 5


def test_points_of_mme_have_an_interval_over_pictures():
    draw = np.random.default_rng(2)
    names = ("OCR", "artwork", "celebrity", "color", "count", "existence", "landmark", "position", "posters", "scene")
    rows = [
        row(f"{name} {place}", float(draw.random() < 0.8), (f"{name} {place // 2}",), category=name)
        for name in names
        for place in range(40)
    ]
    found = own(AnswerKind.MME, rows, "perception")
    assert found.low < found.value < found.high < 2000
    plus = own(AnswerKind.MME, rows, "acc+", "OCR")
    assert (plus.n, plus.unit) == (20, "picture with all its questions")
    assert plus.low < plus.value < plus.high
    assert own(AnswerKind.MME, rows, "total").low is None  # without reasoning there is no total


def test_a_metric_without_anything_to_vary_has_no_interval():
    one = own(AnswerKind.MMVET, [row("1", 0.5)], "grade")
    assert (one.value, one.low, one.high) == (50, None, None)
    assert estimate([Unit("F1", (row("1", 1.0),), 0.0, 0.0)], np.zeros(1, int), 100) is None


def test_the_interval_of_a_ratio_has_its_nominal_coverage():
    draw = np.random.default_rng(4)
    inside = []
    for _ in range(400):
        sizes = draw.integers(1, 5, 60)
        units = [
            Unit("m", (row(str(n), 1.0),), 100 * float(draw.binomial(size, 0.7)), size) for n, size in enumerate(sizes)
        ]
        found = estimate(units, np.arange(60), 100)
        assert found is not None
        assert found.value == pytest.approx(total(units))
        inside.append(found.low <= 70 <= found.high)
    assert 0.92 <= np.mean(inside) <= 0.98
