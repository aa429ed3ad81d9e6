"""Two models never replace each other's results: neither by names that look alike nor by one name."""

from __future__ import annotations

import pytest

from prism_engine import api
from prism_engine.config import RunConfig, load_registry
from prism_engine.config.judging import JudgeConfig
from tests.shapes import write_shapes


def scripted(*replies):
    return {"backend": "scripted", "replies": list(replies)}


@pytest.fixture
def ran(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 6, 0)

    def run(reasoner="brain", perceiver="eyes", *, models, **options):
        config = {"benchmark": str(tmp_path / "shapes.tsv"), "perceiver": perceiver, "reasoner": reasoner}
        folders = {"cache_dir": tmp_path / "cache", "results_dir": tmp_path / "results"}
        return api.run(RunConfig.model_validate(config | folders | options | {"models": models}), load_registry())

    return run


def test_names_that_look_alike_as_folders_have_separate_results(ran):
    names = ["a:b", "a/b", "a_b", "a\\b", "a b", " a_b", "a_b."]
    models = {"eyes": scripted("seen"), **{name: scripted(name) for name in names}}
    folders = [ran(name, models=models).folder for name in names]
    assert len(set(folders)) == len(names)
    assert folders[2].name == "a_b"  # a name that is a folder's name already stays as it is


def test_a_changed_entry_does_not_replace_the_results_of_the_earlier_one(ran):
    first = ran(models={"eyes": scripted("seen"), "brain": scripted("A")})
    before = (first.folder / "predictions.jsonl").read_bytes()
    changed = ran(models={"eyes": scripted("seen"), "brain": scripted("B")})
    assert changed.folder != first.folder
    assert changed.folder.name.startswith("brain-")
    assert (first.folder / "predictions.jsonl").read_bytes() == before
    for replies, folder in (("A", first.folder), ("B", changed.folder)):  # each entry finds its own results again
        assert ran(models={"eyes": scripted("seen"), "brain": scripted(replies)}).folder == folder


def test_a_changed_perceiver_replaces_neither_descriptions_nor_answers(ran):
    first = ran(models={"eyes": scripted("seen"), "brain": scripted("A")})
    before = (first.folder.parent / "descriptions.jsonl").read_bytes()
    changed = ran(models={"eyes": scripted("looked"), "brain": scripted("A")})
    assert changed.folder.parent.name.startswith("eyes-")
    assert (first.folder.parent / "descriptions.jsonl").read_bytes() == before


def test_a_changed_limit_or_price_is_the_same_model(ran):
    first = ran(models={"eyes": scripted("seen"), "brain": scripted("A")})
    slower = {**scripted("A"), "delay": 0.001}
    assert ran(models={"eyes": scripted("seen"), "brain": slower}).folder == first.folder


def test_results_without_any_sample_done_give_way_to_an_entry_that_was_put_right(ran):
    broken = {**scripted("A"), "failure_rate": 1.0}
    first = ran(models={"eyes": scripted("seen"), "brain": broken})
    assert ran(models={"eyes": scripted("seen"), "brain": scripted("A")}).folder == first.folder


def test_a_changed_judge_does_not_replace_the_verdicts_of_the_earlier_one(ran):
    run = ran(models={"eyes": scripted("seen"), "brain": scripted("no idea")})
    folders = set()
    for verdict in ("A", "B"):
        config = JudgeConfig.model_validate(
            {
                "judge": "judge",
                "models": {"judge": scripted(verdict)},
                "cache_dir": run.config.cache_dir,
                "results_dir": run.config.results_dir,
            }
        )
        folders.add(api.judge_runs([run.folder], config, load_registry())[0].folder)
    assert len(folders) == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"reasoner": "brain", "reasoning": {"max_tokens": 2048}}, {"reasoner": "brain-2048"}),
        ({"reasoner": "brain", "profile": "v1"}, {"reasoner": "brain-v1"}),
        ({"reasoner": "a:b"}, {"reasoner": "the folder of a:b"}),
        ({"perceiver": "eyes", "perception": {"max_tokens": 99}}, {"perceiver": "eyes-99"}),
        ({"perceiver": "eyes~brain"}, {"perceiver": "eyes~brain", "models": {"eyes~brain": scripted("A")}}),
        (
            {"instruction": "query-specific_brain", "writing": {"max_tokens": 99}},
            {"instruction": "query-specific_brain-99"},
        ),
        ({"mode": "direct", "reasoning": {"max_tokens": 99}}, {"mode": "direct", "perceiver": "eyes-99"}),
    ],
)
def test_a_name_that_looks_like_another_one_with_settings_has_results_of_its_own(ran, first, second):
    names = ("eyes", "brain", "brain-2048", "brain-v1", "a:b", "eyes-99", "brain-99")
    models = dict.fromkeys(names, scripted("A"))  # one model under many names: its calls are the same
    before = ran(**{"models": models} | first)
    if second.get("reasoner") == "the folder of a:b":
        models[before.folder.name] = scripted("A")
        second = {"reasoner": before.folder.name}
    rows = (before.folder / "predictions.jsonl").read_bytes()
    added = second.pop("models", {})
    after = ran(**{"models": {**models, **added}} | second)
    assert after.folder != before.folder
    assert (before.folder / "predictions.jsonl").read_bytes() == rows
    assert ran(**{"models": models} | first).folder == before.folder
    assert ran(**{"models": {**models, **added}} | second).folder == after.folder


@pytest.mark.parametrize("mode", ["all", "oracle"])
def test_two_tables_of_descriptions_with_one_name_have_separate_results(ran, tmp_path, mode):
    folders = set()
    for number in (1, 2):
        table = tmp_path / str(number) / "texts.csv"
        table.parent.mkdir()
        table.write_text("index,description\n" + "".join(f"{at},text {number}\n" for at in range(6)))
        options = {"perceiver": None, "descriptions": str(table), "mode": mode}
        folders.add(ran(models={"brain": scripted("A")}, **options).folder)
    assert len(folders) == 2


@pytest.mark.parametrize(
    "name",
    [
        "descriptions.jsonl",
        "Manifest.JSON",
        "benchmark.json",
        ".",
        "..",
        "/",
        "-",
        "~x",
        "x" * 300,
        "é" * 200,
    ],
)
def test_a_name_that_is_no_folder_or_a_file_of_prism_runs(ran, tmp_path, name):
    models = {"eyes": scripted("seen"), "brain": scripted("A"), name: scripted("B")}
    before = ran(models=models).folder
    for role in ("perceiver", "reasoner"):
        folder = ran(models=models, **{role: name}).folder
        assert folder.is_relative_to(tmp_path / "results/generic/shapes")
        assert folder != before
        assert (folder / "predictions.jsonl").is_file()


def test_names_that_a_file_system_takes_for_one_have_separate_results(ran, tmp_path):
    models = {"eyes": scripted("seen"), "brain": scripted("A"), "Brain": scripted("A")}
    first = ran(models=models).folder
    first.with_name("Brain").symlink_to(first)  # as a file system that ignores case would find it
    before = (first / "predictions.jsonl").read_bytes()
    second = ran("Brain", models=models).folder
    assert second.resolve() != first
    assert (first / "predictions.jsonl").read_bytes() == before
