"""`prism compare` and `prism board`, on real runs."""

from __future__ import annotations

import pytest


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
    assert "A: other + scripted on shapes" in said.out
    assert "B: other + other on shapes" in said.out
    assert "p (Holm)" in said.out
    assert "right to wrong" in said.out
    assert "more (--show" in said.out
    assert (tmp_path / "out" / "flips.csv").is_file()


def test_a_run_that_is_not_there_is_named(ran):
    said = ran("compare", "nothing", "other/scripted")
    assert (said.code, "no run nothing here" in said.err) == (2, True)


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
