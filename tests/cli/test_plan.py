"""`prism plan`: what it counts, and that it takes what a run takes."""

from __future__ import annotations

import inspect

from prism_engine.cli.run import plan, run

from .conftest import SCRIPTED, write_models


def test_plan_counts_without_calling_or_creating_a_cache_of_calls(prism, tmp_path):
    said = prism("plan", *SCRIPTED)
    assert said.code == 0
    assert "24 samples" in said.out
    assert not (tmp_path / "cache" / "calls.sqlite").exists()
    prism("run", *SCRIPTED)
    describe, answer = (line.split() for line in prism("plan", *SCRIPTED).out.splitlines()[2:4])
    assert (describe[0], describe[2], answer[0], answer[2], answer[3]) == ("Descriptions", "0", "Answers", "0", "0")


def test_plan_takes_the_options_of_a_run_that_change_nothing_for_it(prism, tmp_path):
    options = ("--profile", "v1", "--rpm", "60", "--tpm", "9000", "--concurrency", "4", "--max-cost", "1")
    more = ("--deadline", "8h", "--fail-on-error", "0.1", "--retry-failed", "--results-dir", "elsewhere")
    entry = {"backend": "api", "model": "m", "base_url": "http://127.0.0.1:9/v1", "api_key_env": None}
    models = write_models(tmp_path / "m.yaml", far=entry)
    said = prism("plan", "shapes.tsv", "-p", "scripted", "-r", "far", "--models-file", models, *options, *more)
    assert (said.code, "24 samples" in said.out) == (0, True)
    assert not (tmp_path / "elsewhere").exists()


def test_plan_takes_every_option_of_run():
    taken = [set(inspect.signature(command).parameters) for command in (run, plan)]
    assert taken[0] == taken[1]


def test_a_plan_that_only_answers_counts_no_descriptions_to_make(prism):
    said = prism("plan", *SCRIPTED, "--mode", "reasoning")
    assert "24 samples have no description yet" in said.out
    assert [line.split()[2] for line in said.out.splitlines()[2:4]] == ["0", "0"]


def test_a_plan_of_several_runs_counts_what_they_share_once(prism):
    said = prism("plan", *SCRIPTED, "--mode", "all", "--mode", "direct", "--mode", "blind")
    lines = {line.split()[0]: line.split()[1:] for line in said.out.splitlines() if line}
    pictures = lines["all"][1]
    assert lines["all"] == ["0", pictures, "0", "0", "24", "0", "0"]
    assert lines["direct"] == ["0", "0", "0", "0", "0", "0", "24"]
    assert lines["blind"] == ["0", "0", "0", "23", "0", "0", "0"]  # one question is asked of two pictures
    assert lines["together"] == ["0", pictures, "0", "23", "24", "0", "24"]

    said = prism("plan", *SCRIPTED, "--mode", "all", "--mode", "perception")
    lines = {line.split()[0]: line.split()[1:] for line in said.out.splitlines() if line}
    assert lines["perception"] == ["0"] * 5
