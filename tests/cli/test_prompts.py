"""`prism gen-prompts`, and the instructions that `prism run` takes."""

from __future__ import annotations

import json

import pytest

SCRIPTED = ("shapes.tsv", "-p", "scripted", "-r", "scripted")


def test_contents_are_written_once_and_a_run_takes_them(prism, tmp_path):
    out = tmp_path / "prompts" / "shapes_scripted.json"
    said = prism("gen-prompts", "--data", "shapes.tsv", "--model", "scripted", "--out", out)
    assert said.code == 0
    assert "Contents by index: results/prompts/shapes/scripted/shapes_scripted.json" in said.out
    assert list(json.loads(out.read_text())) == [str(at) for at in range(24)]
    said = prism("run", *SCRIPTED, "--prompt-version", "query-specific_scripted")
    assert said.code == 0
    assert "write 0 called" in said.err
    assert "note:" not in said.err
    again = prism("run", *SCRIPTED, "--instruction", f"@{out}")
    assert "describe 0 called" in again.err
    assert "write" not in again.err


def test_writing_goes_on_where_it_stopped_and_knows_limits(prism):
    first = prism("gen-prompts", "-d", "shapes.tsv", "-m", "scripted", "-n", "10", "--writing-tokens", "64")
    assert (first.code, "10/10 samples" in first.err) == (0, True)
    rest = prism("gen-prompts", "-d", "shapes.tsv", "-m", "scripted")
    assert rest.code == 0
    assert " 0 cached" not in rest.err.splitlines()[-1]
    refused = prism("gen-prompts", "-d", "shapes.tsv", "-m", "scripted", "--rpm", "5")
    assert (refused.code, "writer 'scripted' is not behind an API" in refused.err) == (2, True)


def test_a_plan_counts_what_is_to_be_written(prism):
    said = prism("plan", *SCRIPTED, "--instruction", "query-specific_scripted")
    table = {line.split()[0]: line.split()[1:] for line in said.out.splitlines()[2:5]}
    assert set(table) == {"write", "describe", "answer"}
    assert (table["write"][2], table["describe"][1], table["describe"][2]) == ("0", "0", "24")


def test_another_writer_than_the_reasoner_is_noted_before_anything_is_called(prism):
    said = prism("run", *SCRIPTED, "--instruction", "query-specific_gpt-4o")
    assert said.code == 2
    assert "note: gpt-4o writes what to observe, and scripted answers" in said.err
    assert "OPENAI_API_KEY" in said.err


def test_missing_contents_are_said_at_the_end(prism, tmp_path):
    (tmp_path / "few.json").write_text('{"0": "the sky"}')
    said = prism("run", *SCRIPTED, "--instruction", "@few.json")
    assert said.code == 0
    assert "23 samples have no contents to observe" in said.out


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
