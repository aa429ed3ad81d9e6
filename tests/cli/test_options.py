"""Options for own descriptions, several draws, and engines of a sweep."""

from __future__ import annotations

import json

import pytest

from tests.shapes import write_shapes

SCRIPTED = ("shapes.tsv", "-p", "scripted", "-r", "scripted")


def test_own_descriptions_stand_in_for_a_perceiver(prism, tmp_path):
    rows = [json.dumps({"doc_id": at, "filtered_resps": [f"Row {at}."]}) for at in range(22)]
    (tmp_path / "samples_shapes.jsonl").write_text("\n".join(rows))
    said = prism("run", "shapes.tsv", "-r", "scripted", "--descriptions", "samples_shapes.jsonl")
    assert said.code == 2
    assert "2 of 24 samples of shapes have no description here (index 22, 23)" in said.err
    said = prism("run", "shapes.tsv", "-r", "scripted", "--descriptions", "samples_shapes.jsonl", "--missing", "skip")
    assert said.code == 0
    assert "24 samples: 22 done, 2 failed" in said.out
    assert "2 x description: none is given for this sample" in said.err
    assert (tmp_path / "results/given/shapes/samples_shapes/scripted/scores.md").exists()
    planned = prism(
        "plan", "shapes.tsv", "-r", "scripted", "--descriptions", "samples_shapes.jsonl", "--missing", "skip"
    )
    assert "describe" not in planned.out


def test_an_unknown_policy_is_an_error_that_names_the_known_ones(prism, tmp_path):
    said = prism("run", *SCRIPTED, "--missing", "guess")
    assert said.code == 2
    assert "missing_descriptions" in said.err


def test_several_draws_print_mean_best_and_majority(prism):
    said = prism("run", *SCRIPTED, "--answers-per-question", "3", "--reasoning-temperature", "0.7")
    assert said.code == 0
    assert "Of all 3 draws of 24 questions" in said.out
    lines = {line.split()[0] for line in said.out.splitlines() if line}
    assert {"mean", "best", "majority"} <= lines


@pytest.mark.parametrize("option", ["--answers-per-question", "--descriptions-per-image"])
def test_draws_without_a_temperature_are_an_error_with_the_fix(prism, option):
    said = prism("run", *SCRIPTED, option, "3")
    assert said.code == 2
    assert "give a higher temperature" in said.err


def test_failed_as_wrong_is_said_where_the_scores_are(prism, tmp_path):
    (tmp_path / "m.yaml").write_text("models: {flaky: {backend: scripted, replies: [A], failure_rate: 0.5}}")
    said = prism("run", "shapes.tsv", "-p", "scripted", "-r", "flaky", "--models-file", "m.yaml", "--failed-as-wrong")
    assert said.code == 1
    assert "failed counted as wrong" in said.out


def test_engines_at_once_is_a_number_of_at_least_one(prism, tmp_path):
    write_shapes(tmp_path / "more.tsv", 4, 1)
    assert prism("run", "more.tsv", *SCRIPTED[1:], "--engines-at-once", "2").code == 0
    assert prism("run", "more.tsv", *SCRIPTED[1:], "--engines-at-once", "0").code == 2


def test_another_writer_than_the_reasoner_is_noted_before_anything_is_called(prism):
    said = prism("run", *SCRIPTED, "--instruction", "query-specific_gpt-4o")
    assert said.code == 2
    assert "note: gpt-4o writes the hints and scripted answers" in said.err
    assert "OPENAI_API_KEY" in said.err


def test_missing_hints_are_said_at_the_end(prism, tmp_path):
    (tmp_path / "few.json").write_text('{"0": "the sky"}')
    said = prism("run", *SCRIPTED, "--instruction", "@few.json")
    assert said.code == 0
    assert "23 samples had no per-question hints" in said.out


def test_words_of_one_s_own_have_results_of_their_own(prism, tmp_path):
    assert prism("run", *SCRIPTED, "--instruction", "Describe the sky.").code == 0
    assert prism("run", *SCRIPTED, "--instruction", "cot", "--pictures", "first").code == 0
    names = {path.name for path in (tmp_path / "results").iterdir()}
    assert names == {"own-fb426dea", "cot"}
    assert (tmp_path / "results/cot/shapes/scripted+first/scripted/scores.json").is_file()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("-r", "scripted", "-p", "scripted~"), "a name is missing"),
        (("-r", "scripted", "-p", "scripted~nobody"), "unknown model 'nobody'"),
        (("-r", "scripted-64", "-p", "scripted", "--reasoning-tokens", "65"), "give one"),
        (("-r", "scripted", "-p", "scripted", "--instruction", "@nowhere.json"), "cannot be read"),
        (("-r", "scripted", "-p", "scripted", "--merge", "mixed"), "mixed"),
        (("-r", "scripted", "-p", "scripted", "--mode", "prompts"), "query-specific_MODEL"),
    ],
)
def test_a_wrong_name_or_file_is_one_message_and_exit_code_2(prism, options, expected):
    said = prism("run", "shapes.tsv", *options)
    assert said.code == 2
    assert expected in said.err


def test_rotations_are_planned_run_scored_and_shown(prism, tmp_path):
    said = prism("plan", *SCRIPTED, "--rotate", "all")
    assert "96 samples\n24 of 24 questions rotated\n" in said.out
    said = prism("run", *SCRIPTED, "--rotate", "all")
    assert said.code == 0
    assert "96 samples: 96 done" in said.out
    assert "right in every rotation (robust)" in said.out
    assert "24 of 24 questions are rotated" in said.out
    assert prism("run", *SCRIPTED, "--rotate", "4").code == 0
    (folder,) = (path.parent for path in tmp_path.glob("results/**/scripted-rotate-all/rotations.md"))
    said = prism("score", folder, "--profile", "v3")
    assert said.code == 0
    assert "Of all rotations, v3:" in said.out
    assert "rotations-*" in said.out
    assert (folder / "rotations-v3.json").is_file()


@pytest.mark.parametrize(
    ("given", "message"), [("0", "--rotate: must be a number of rotations from 1 on"), ("5", "--rotate 5: no question")]
)
def test_rotations_that_cannot_be_are_an_error_with_the_fix(prism, given, message):
    said = prism("run", *SCRIPTED, "--rotate", given)
    assert (said.code, message in said.err) == (2, True)


def test_rotations_may_be_set_in_a_run_file(prism, tmp_path):
    (tmp_path / "run.yaml").write_text("benchmark: shapes.tsv\nperceiver: scripted\nreasoner: scripted\nrotate: 2\n")
    assert "48 samples: 48 done" in prism("run", "-c", "run.yaml").out
