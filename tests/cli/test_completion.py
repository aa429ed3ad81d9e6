"""Shell completion: the names it offers, through each function and through the shell's protocol."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from prism_engine import api
from prism_engine.cli import completion
from prism_engine.prompts import ALIASES, INSTRUCTIONS
from tests.shapes import write_shapes


def context(**params):
    return SimpleNamespace(params=params)


@pytest.fixture
def complete(prism, monkeypatch):
    """Ask for the completions of a command line, as bash does; the last word is the one being typed."""

    def call(*words):
        monkeypatch.setenv("_PRISM_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", " ".join(["prism", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        said = prism()
        monkeypatch.delenv("_PRISM_COMPLETE")
        assert (said.code, said.err) == (0, "")
        return said.out.split()

    return call


def test_benchmarks_are_files_here_and_names_of_the_catalogue(complete, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("LMUData", str(tmp_path / "data"))
    write_shapes(tmp_path / "data" / "MMMine.tsv", 2, 0)
    names = completion.benchmarks(context(), "MM")
    assert {"MMMine", "MMStar"} <= set(names)
    assert names == sorted(names)
    assert complete("run", "MMM") == [name for name in names if name.startswith("MMM")]
    assert complete("datasets", "info", "MMMi") == ["MMMine"]
    assert complete("datasets", "fetch", "MMStar_") == ["MMStar_OFFICIAL"]
    assert complete("gen-prompts", "--data", "MMMi") == ["MMMine"]


def test_models_are_those_of_the_registry_and_of_files_on_the_line(complete, tmp_path):
    (tmp_path / "m.yaml").write_text("models: {scripture: {backend: scripted}}\n")
    assert completion.models(context(), "scri") == ["scripted"]
    assert completion.models(context(models_file=[tmp_path / "m.yaml"]), "scri") == ["scripted", "scripture"]
    assert completion.models(context(), "gpt-4o~scri") == ["gpt-4o~scripted"]
    for command, option in (("run", "-p"), ("plan", "--reasoner"), ("run", "--judge"), ("judge", "-j")):
        assert complete(command, option, "scri") == ["scripted"]
    assert complete("ask", "--models-file", "m.yaml", "-r", "script") == ["scripted", "scripture"]


def test_the_original_s_arguments_complete_and_unfinished_ones_print_nothing(complete, tmp_path):
    (tmp_path / "bad.json").write_text('{"data": "x", "promt_version": "generic"}')
    assert complete("run", "--model", "scri") == ["scripted"]
    assert "scripted" in complete("run", "--model", "")
    assert complete("plan", "--infer_model", "scri") == ["scripted"]
    assert complete("plan", "--data", "MMStar_") == ["MMStar_OFFICIAL"]
    assert complete("run", "--prompt_version", "de") == ["decompose"]
    for before in (("--nproc", "x"), ("--config", "bad.json"), ("--verbose",), ("--data", "MMStar", "--model", "a")):
        assert complete("run", *before, "-p", "scri") == ["scripted"]
    assert complete("run", "--infer") == []


def test_instructions_are_the_built_in_ones_and_those_of_a_writer(complete):
    assert set(completion.instructions(context(), "")) == {*INSTRUCTIONS, *ALIASES, "query-specific_"}
    assert completion.instructions(context(), "query-specific_scr") == ["query-specific_scripted"]
    assert complete("run", "--instruction", "de") == ["decompose"]


def test_runs_are_those_of_the_results_folder(complete, prism, tmp_path):
    prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted", "--results-dir", "mine")
    names = completion.runs(context(results_dir=tmp_path / "mine"), "")
    assert names == [str(one.folder.relative_to(tmp_path / "mine")) for one in api.run_states(tmp_path / "mine")]
    assert completion.runs(context(), "") == []
    for command in ("status", "resume", "judge", "compare", "score"):
        assert complete(command, "--results-dir", "mine", "gen") == ["generic/shapes/scripted/scripted"]
    assert complete("status", "gen") == []


@pytest.mark.parametrize("name", ["benchmarks", "models", "runs", "instructions"])
def test_nothing_that_is_broken_raises_or_prints(name, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("prism_engine.config.benchmarks.known_benchmarks", None)
    (tmp_path / "broken.yaml").write_text("models: [")
    broken = context(models_file=[tmp_path / "broken.yaml"], results_dir="\0")
    assert getattr(completion, name)(broken, "query-specific_") == []
    assert capsys.readouterr() == ("", "")


def test_commands_and_options_complete_as_well(complete):
    assert complete("ru") == ["run", "runs"]
    assert complete("cache", "ex") == ["explain", "export"]
    assert complete("run", "--perc") == ["--perceiver", "--perception-tokens", "--perception-temperature"]
    assert complete("export", "o") == ["original"]
