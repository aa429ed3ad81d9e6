"""`prism power`, on real runs."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def ran(prism, tmp_path):
    """`prism`, with two runs in results: the same perceiver under two reasoners."""
    (tmp_path / "m.yaml").write_text("models: {other: {backend: scripted, replies: [A, C]}}\n")
    run = ("run", "shapes.tsv", "--models-file", "m.yaml", "-p", "other")
    assert prism(*run, "-r", "scripted").code == prism(*run, "-r", "other").code == 0
    return prism


def test_two_runs_show_how_many_questions_a_difference_needs(ran):
    said = ran("power", "results", "-d", "2", "-d", "10")
    assert said.code == 0
    assert all(word in said.out for word in ("For 2", "For 10", "Design effect", "other + scripted", "other + other"))
    found = json.loads(ran("power", "results", "-d", "2", "-d", "10", "--power", "0.9", "--json").out)
    (pair,) = found["pairs"]
    assert (found["power"], found["alpha"], pair["discordance_measured"]) == (0.9, 0.05, True)
    assert pair["questions_needed"]["2"] > pair["questions_needed"]["10"] > 0


def test_one_run_by_name_states_its_assumption(ran):
    said = ran("power", "other/scripted")
    assert said.code == 0
    assert all(f"For {points}" in said.out for points in (1, 2, 3, 5))
    assert "assumed (--discordance)" in said.out
    assert "assumed" not in ran("power", "other/scripted", "--discordance", "20").out


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("-d", "0"), "--difference 0"),
        (("-d", "nan"), "--difference nan"),
        (("-d", "100"), "--difference 100"),
        (("--power", "1"), "--power 1"),
        (("--alpha", "-0.1"), "--alpha -0.1"),
        (("--power", "0.04"), "--power 0.04"),
        (("--discordance", "120"), "--discordance 120"),
    ],
)
def test_impossible_goals_name_the_option(prism, options, named):
    said = prism("power", "results", *options)
    assert said.code == 2
    assert f"{named}: must be" in said.err


def test_a_run_that_is_not_there_is_named(ran):
    said = ran("power", "nothing")
    assert (said.code, "no run's name has 'nothing' in it" in said.err) == (2, True)
