"""`prism compare` and `prism board`, on real runs."""

from __future__ import annotations

import pytest

from tests.finished import rotated, write_run


@pytest.fixture
def ran(prism, tmp_path):
    """`prism`, with one perceiver's runs under two reasoners in results, and a direct one."""
    (tmp_path / "m.yaml").write_text(
        "models: {other: {backend: scripted, replies: [A, C], about: {parameters: 7B, licence: MIT, type: open}}}\n"
    )
    run = ("run", "shapes.tsv", "--models-file", "m.yaml", "-p", "other")
    assert (
        prism(*run, "-r", "scripted").code == prism(*run, "-r", "other", "--mode", "all", "--mode", "direct").code == 0
    )
    return prism


def test_two_runs_are_compared_by_name_with_their_flips(ran, tmp_path):
    said = ran("compare", "other/scripted", "generic/shapes/other/other", "--show", "1", "--out", "out")
    assert said.code == 0
    assert "First: other + scripted on shapes" in said.out
    assert "Second: other + other on shapes" in said.out
    assert "p (Holm)" in said.out
    assert "right to wrong" in said.out
    assert "more (--show" in said.out
    assert (tmp_path / "out" / "flips.csv").is_file()


def test_metrics_that_count_other_units_are_compared_as_well(prism, tmp_path):
    rows = [
        {"index": f"VD_chart_1_{one}_{figure}_0", "images": [f"{one} {figure}"], "category": "VD"}
        for one in range(20)
        for figure in range(2)
    ]
    for name, right in (("good", 38), ("weak", 19)):
        scores = [float(place < right) for place in range(40)]
        write_run(tmp_path / "results", scores, mode="direct", perceiver=name, kind="hallusion", rows=rows)
    said = prism("compare", "results/direct/Bench/good", "results/direct/Bench/weak", "--out", "out")
    assert said.code == 0
    assert all(word in said.out for word in ("Its own metrics, second minus first", "fAcc", "figure", "mean of aAcc"))
    assert (tmp_path / "out" / "metrics.csv").is_file()


def test_rotations_of_a_question_are_one_sample(prism, tmp_path):
    for name, right in (("good", 15), ("weak", 5)):
        scores = [float(question < right or turn < 2) for question in range(20) for turn in range(4)]
        write_run(
            tmp_path / "results", scores, mode="direct", perceiver=name, kind="circular",
            rows=[row | {"extracted": "A"} for row in rotated(20)],
        )  # fmt: skip
    said = prism("compare", "results/direct/Bench/good", "results/direct/Bench/weak")
    assert (said.code, "right to wrong: 10" in said.out, "McNemar" in said.out) == (0, True, True)
    board = prism("board", "results")
    assert (board.code, "has no interval" in board.out) == (0, False)


def test_a_run_that_is_not_there_is_named(ran):
    said = ran("compare", "nothing", "other/scripted")
    assert (said.code, "no run's name has 'nothing' in it" in said.err) == (2, True)


def test_the_board_shows_every_system_and_filters_by_what_the_registry_says(ran, tmp_path):
    said = ran("board", "results")
    assert said.code == 0
    assert all(name in said.out for name in ("other + scripted", "other + other", "other (direct)", "7B", "MIT"))
    assert ran("board", "results", "--size", "<10B", "--type", "open").out == said.out
    assert "no system is left" in ran("board", "results", "--size", ">10B").err


def test_a_system_that_lacks_a_benchmark_is_shown_and_said(ran, tmp_path):
    (tmp_path / "more.tsv").write_bytes((tmp_path / "shapes.tsv").read_bytes())
    ran("run", "more.tsv", "-p", "other", "-r", "scripted", "--models-file", "m.yaml")
    said = ran("board", "results", "--out", "out")
    assert "other (direct): no mean, since it lacks more" in said.out
    assert "board.csv" in said.out
