"""`prism gen-prompts`: hints written once, resumed, limited, and taken by a run."""

from __future__ import annotations

import json

SCRIPTED = ("shapes.tsv", "-p", "scripted", "-r", "scripted")


def test_hints_are_written_once_and_a_run_takes_them(prism, tmp_path):
    out = tmp_path / "prompts" / "shapes_scripted.json"
    said = prism("gen-prompts", "--data", "shapes.tsv", "--model", "scripted", "--out", out)
    assert said.code == 0
    assert "Hints by index: results/prompts/shapes/scripted/shapes_scripted.json" in said.out
    assert list(json.loads(out.read_text())) == [str(at) for at in range(24)]
    said = prism("run", *SCRIPTED, "--prompt-version", "query-specific_scripted")
    assert said.code == 0
    assert "Hints: 0 called" in said.err
    assert "note:" not in said.err
    again = prism("run", *SCRIPTED, "--instruction", f"@{out}")
    assert "Descriptions: 0 called" in again.err
    assert "Hints" not in again.err


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
    assert set(table) == {"Hints", "Descriptions", "Answers"}
    assert (table["Hints"][2], table["Descriptions"][1], table["Descriptions"][2]) == ("0", "0", "24")
