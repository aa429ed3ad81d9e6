"""The original's arguments on `prism run` and `prism plan`."""

from __future__ import annotations

import json

import pytest

from prism_engine.original.arguments import _taken

MODELS = """
models:
  GPT4V: {backend: scripted, replies: [A picture.]}
  chatgpt-0125: {backend: scripted, replies: [A, B]}
"""


@pytest.fixture
def original(prism, tmp_path):
    """`prism ...` where the original's default models are scripted ones."""
    (tmp_path / "m.yaml").write_text(MODELS)
    return lambda *arguments: prism(*arguments, "--models-file", "m.yaml")


def test_the_original_s_command_runs_with_the_command_s_name_changed(original, tmp_path):
    said = original(
        *("run", "--data", "shapes.tsv", "--model", "GPT4V", "--infer_model", "chatgpt-0125"),
        *("--prompt_version", "generic", "--mode", "all", "--nproc", "4", "--postproc"),
    )
    assert said.code == 0
    assert (tmp_path / "results/generic/shapes/GPT4V/chatgpt-0125/scores.json").is_file()
    assert "note: nproc: ignored, because chatgpt-0125 is not behind an API" in said.err
    assert "accuracy_guessed" in said.err
    assert "Overall" in said.out


def test_defaults_are_filled_in_and_a_benchmark_of_ours_is_kept(original):
    said = original("plan", "shapes.tsv", "--infer_model=chatgpt-0125", "--verbose")
    assert said.code == 0
    assert "note: model: perceiver GPT4V, the original's default" in said.err
    assert "benchmark" not in said.err
    missing = original("plan", "--infer_model", "chatgpt-0125")
    assert (missing.code, "MMStar" in missing.err) == (2, True)


def test_its_reasoning_mode_describes_as_well_and_ours_does_not(original):
    theirs = original("run", "--data", "shapes.tsv", "--mode", "reasoning", "-n", "3")
    assert theirs.code == 0
    assert "--mode all, which scores the answers too" in theirs.err
    assert "3 done" in theirs.out
    ours = original("run", "shapes.tsv", "-p", "GPT4V", "-r", "chatgpt-0125", "--mode=reasoning", "-n", "9")
    assert ours.code == 1
    assert "note: mode" not in ours.err


def test_modes_of_ours_go_with_its_names(original):
    said = original("plan", "--data", "shapes.tsv", "--mode", "blind", "--mode", "all")
    assert said.code == 0
    assert "blind" in said.out


@pytest.mark.parametrize("form", ["--config c.json", "--config=c.json", "-c c.json"])
def test_its_configuration_file_is_recognised_and_options_override_it(original, tmp_path, form):
    content = {"data": "absent.tsv", "model": "GPT4V", "infer_model": "nobody", "nproc": 4, "ignore": True}
    (tmp_path / "c.json").write_text(json.dumps(content))
    said = original("plan", *form.split(), "--data", "shapes.tsv", "-r", "chatgpt-0125")
    assert said.code == 0
    assert "24 samples" in said.out
    assert "nobody" not in said.err


def test_its_file_with_a_misspelt_key_is_an_error(original, tmp_path):
    (tmp_path / "c.json").write_text('{"data": "shapes.tsv", "promt_version": "generic"}')
    said = original("run", "--config", "c.json")
    assert (said.code, "did you mean 'prompt_version'" in said.err) == (2, True)


def test_a_run_file_of_ours_in_json_is_ours(original, tmp_path):
    content = {"benchmark": "shapes.tsv", "perceiver": "GPT4V", "reasoner": "chatgpt-0125"}
    (tmp_path / "ours.json").write_text(json.dumps(content))
    assert "note" not in original("plan", "--config", "ours.json").err
    mixed = original("plan", "--config", "ours.json", "--infer_model", "scripted")
    assert mixed.code == 0
    assert mixed.err.count("note") == 1
    (tmp_path / "bad.json").write_text("{")
    assert original("plan", "--config", "bad.json").code == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--data",), "--data: needs a value"),
        (("--nproc", "many"), "positive whole number"),
        (("--nproc=0",), "positive whole number"),
        (("--data", "shapes.tsv", "--modle", "x"), "No such option"),
        (("--data", "shapes.tsv", "--mode", "sleeping"), "sleeping"),
    ],
)
def test_mistakes_are_told_and_never_swallowed(prism, arguments, says):
    said = prism("plan", *arguments)
    assert (said.code, says in said.err) == (2, True)


def test_of_an_argument_given_twice_the_last_one_counts():
    assert _taken(["--model", "a", "-n", "3", "--model=b", "--postproc"]) == (
        {"model": "b", "postproc": True},
        ["-n", "3"],
    )


def test_help_speaks_our_words_only(prism):
    said = prism("run", "--help")
    assert "--perceiver" in said.out
    assert "infer_model" not in said.out


def test_gen_prompts_takes_its_threads(prism):
    said = prism("gen-prompts", "--data", "shapes.tsv", "--model", "scripted", "--nproc", "4")
    assert (said.code, "concurrency" in said.err) == (2, True)  # as --concurrency: scripted is no API
