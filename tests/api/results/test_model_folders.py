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
