"""Columns of the leaderboard, joined and named as on the Open VLM Leaderboard."""

from __future__ import annotations

import numpy as np
import pytest

from prism_engine.report.pages.board import board
from prism_engine.report.pages.board_columns import joined
from prism_engine.report.scores.aligned import align
from prism_engine.report.scores.finished import find_runs
from tests.finished import rotated, write_run


def made(folder):
    runs = find_runs([folder])
    names = sorted({run.setting.benchmark for run in runs})
    return board({name: align([run for run in runs if run.setting.benchmark == name]) for name in names}, {})


def circular(folder, perceiver, benchmark, right, questions=50):
    scores = [float(question < right or turn < 3) for question in range(questions) for turn in range(4)]
    rows = [row | {"extracted": "A"} for row in rotated(questions)]
    write_run(
        folder, scores, mode="direct", perceiver=perceiver, benchmark=benchmark, kind="circular", rows=rows,
        sha256=f"{benchmark:<64}", headline=right / questions,
    )  # fmt: skip


@pytest.mark.parametrize("part", ["DEV_", "TEST_", ""])
def test_both_languages_of_mmbench_are_one_column(part):
    english = f"MMBench_{part}EN_V11" if part else "MMBench_V11"
    names = [english, f"MMBench_{part}CN_V11", "MMStar"]
    assert joined(names) == {"MMBench_V11": (names[0], names[1]), "MMStar": ("MMStar",)}
    assert joined(names[:1]) == {names[0]: (names[0],)}


def test_the_test_part_is_what_the_leaderboard_means():
    names = [f"MMBench_{part}_{language}_V11" for part in ("DEV", "TEST") for language in ("EN", "CN")]
    assert joined(names) == {"MMBench_DEV_V11": tuple(names[:2]), "MMBench_V11": tuple(names[2:])}
    assert joined(["MMBench_DEV_EN", "MMBench_DEV_CN"]) == {
        name: (name,) for name in ("MMBench_DEV_EN", "MMBench_DEV_CN")
    }
    assert list(joined([f"{name}-first9" for name in names[:2]])) == ["MMBench_V11-first9"]


def test_mmbench_is_ranked_by_its_questions_with_an_interval(tmp_path):
    for perceiver, english, chinese in (("good", 45, 35), ("weak", 10, 5)):
        circular(tmp_path, perceiver, "MMBench_DEV_EN_V11", english)
        circular(tmp_path, perceiver, "MMBench_DEV_CN_V11", chinese)
    found = made(tmp_path)
    assert (found.benchmarks, found.unsampled) == (("MMBench_V11",), ())
    best, worst = found.places
    assert (best.name, best.mean, best.rank_sure) == ("good (direct)", pytest.approx(80), 1)
    assert (worst.mean, worst.rank_sure) == (pytest.approx(15), 2)
    low, high = best.interval
    assert 5 < high - low < 20  # as for 2 x 50 questions


def test_a_system_without_one_of_the_languages_lacks_the_column(tmp_path):
    circular(tmp_path, "whole", "MMBench_DEV_EN_V11", 20)
    circular(tmp_path, "whole", "MMBench_DEV_CN_V11", 20)
    circular(tmp_path, "half", "MMBench_DEV_EN_V11", 50)
    circular(tmp_path, "half", "Other", 50)
    circular(tmp_path, "whole", "Other", 10)
    best, last = made(tmp_path).places
    assert (best.name, last.name, list(last.marks)) == ("whole (direct)", "half (direct)", ["Other"])


def test_mmmu_val_leaves_out_dev(tmp_path):
    scores = [1.0] * 20 + [float(place % 2) for place in range(80)]
    rows = [{"split": "dev" if place < 20 else "validation"} for place in range(100)]
    write_run(tmp_path, scores, mode="direct", benchmark="MMMU_DEV_VAL", kind="mmmu", rows=rows)
    found = made(tmp_path)
    assert found.benchmarks == ("MMMU_VAL",)
    assert found.places[0].mean == pytest.approx(50)
    low, high = found.places[0].interval
    assert low < 50 < high


def hallusion(folder, perceiver, share, **more):
    draw = np.random.default_rng(1)
    rows = [
        {"index": f"VD_chart_1_{one}_{figure}_{question}", "images": [f"{one} {figure}"], "category": "VD"}
        for one in range(40)
        for figure in range(2)
        for question in range(2)
    ]
    scores = (draw.random(len(rows)) < share).astype(float).tolist()
    write_run(
        folder, scores, mode="direct", perceiver=perceiver, benchmark="HallusionBench", kind="hallusion", rows=rows,
        **more,
    )  # fmt: skip
    return scores


def test_hallusionbench_is_ranked_by_the_mean_of_its_accuracies_also_in_older_folders(tmp_path):
    scores = np.array(hallusion(tmp_path, "good", 0.9, headline=0.99))  # as written when aAcc was the headline
    hallusion(tmp_path, "weak", 0.3)
    sets = scores.reshape(40, 2, 2)
    expected = 100 * np.mean([scores.mean(), sets.all(axis=2).mean(), sets.all(axis=1).mean()])
    best, worst = made(tmp_path).places
    assert best.mean == pytest.approx(expected)
    assert best.interval[0] < expected < best.interval[1]
    assert (best.rank_sure, worst.rank_sure) == (1, 2)


def test_points_of_several_parts_have_an_interval_too(tmp_path):
    names = (
        *("OCR", "artwork", "celebrity", "color", "count", "existence", "landmark", "position", "posters", "scene"),
        *("code_reasoning", "commonsense_reasoning", "numerical_calculation", "text_translation"),
    )
    rows = [{"category": name, "images": [f"{name} {place // 2}"]} for name in names for place in range(20)]
    scores = (np.random.default_rng(3).random(len(rows)) < 0.8).astype(float).tolist()
    write_run(tmp_path, scores, mode="direct", benchmark="MME", kind="mme", rows=rows)
    (place,) = made(tmp_path).places
    assert place.interval[0] < place.mean < place.interval[1] < 100
