"""What `prism run` is told about perceivers: instructions, pictures, merges; and what it says about them."""

from __future__ import annotations

import pytest

SCRIPTED = ("shapes.tsv", "-p", "scripted", "-r", "scripted")


def test_another_writer_than_the_reasoner_is_noted_before_anything_is_called(prism):
    said = prism("run", *SCRIPTED, "--instruction", "query-specific_gpt-4o")
    assert said.code == 2
    assert "note: gpt-4o writes the hints and scripted answers" in said.err
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
