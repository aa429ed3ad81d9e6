"""Multiple descriptions per picture and answers per description, from the command to the files."""

from __future__ import annotations

import json

import pytest

from prism_engine import api
from prism_engine.backends import scripted
from prism_engine.config import RunConfig, SamplingConfig, load_registry
from prism_engine.errors import ConfigError
from tests.shapes import write_shapes

SAMPLES = 12
WARM = {"temperature": 0.8}


@pytest.fixture
def configured(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", SAMPLES, 0)

    def make(perception=None, reasoning=None, **changes):
        return RunConfig.model_validate(
            {
                "benchmark": str(tmp_path / "shapes.tsv"),
                "perceiver": "eyes",
                "reasoner": "brain",
                "perception": perception or {},
                "reasoning": reasoning or {},
                "cache_dir": tmp_path / "cache",
                "results_dir": tmp_path / "results",
                "models": {
                    "eyes": {"backend": "scripted", "replies": ["seen"]},
                    "brain": {"backend": "scripted", "replies": ["A", "B"]},
                },
                **changes,
            }
        )

    return make


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def run(config):
    return api.run(config, load_registry())


def planned(config):
    return api.plan(config, load_registry())


def test_each_draw_is_a_call_of_its_own_and_a_rerun_calls_nothing(configured):
    config = configured(WARM | {"n": 2}, WARM | {"n": 3, "seed": 7})
    plan = planned(config)
    report = run(config)
    assert report.status.value == "complete"
    assert report.progress.meters["perceive"].calls == plan.stages["perceive"].to_call
    assert plan.stages["reason"].unknown == SAMPLES * 6
    assert (
        report.progress.meters["reason"].calls == SAMPLES * 3
    )  # the script describes a picture the same way both times
    again = run(config)
    assert (again.progress.meters["perceive"].calls, again.progress.meters["reason"].calls) == (0, 0)


def test_all_draws_are_in_one_file_and_predictions_are_those_of_the_first(configured):
    report = run(configured(WARM | {"n": 2}, WARM | {"n": 3}))
    draws = lines(report.folder / "draws.jsonl")
    assert [(row["position"], row["description_draw"], row["answer_draw"]) for row in draws] == [
        (at, description, answer) for at in range(SAMPLES) for description in range(2) for answer in range(3)
    ]
    first = [{key: value for key, value in row.items() if not key.endswith("_draw")} for row in draws[::6]]
    assert lines(report.folder / "predictions.jsonl") == first
    assert report.draws.draws == 6 * SAMPLES
    assert report.draws.questions == report.scores.overall.n == SAMPLES
    assert json.loads((report.folder / "draws.json").read_text())["mean"]["value"] == report.draws.mean.value
    described = lines(report.folder.parent / "descriptions.jsonl")
    assert [(row["position"], row["description_draw"]) for row in described] == [
        (at, draw) for at in range(SAMPLES) for draw in range(2)
    ]


def test_answers_drawn_several_times_share_the_descriptions_of_a_run_that_draws_one(configured):
    first = run(configured({}, WARM | {"seed": 0}))
    report = run(configured({}, WARM | {"n": 2}))
    assert report.progress.meters["perceive"].calls == 0
    assert report.progress.meters["reason"].calls == SAMPLES  # draw 0 has the seed 0
    assert report.folder != first.folder
    assert report.folder.parent == first.folder.parent
    assert all("description_draw" not in row for row in lines(report.folder.parent / "descriptions.jsonl"))


def test_a_question_that_is_asked_once_leaves_no_file_of_draws(configured):
    report = run(configured({}, WARM))
    assert report.draws is None
    assert not list(report.folder.glob("draws*"))
    assert not any("draw" in key for row in lines(report.folder / "predictions.jsonl") for key in row)


def test_a_folder_s_name_does_not_depend_on_a_number_of_draws_that_is_one(configured):
    unusual = configured({}, {"temperature": 0.5, "max_tokens": 64})
    assert run(unusual).folder.name == "brain-64-a54dc8"


def test_draws_at_temperature_0_are_refused_with_the_fix():
    with pytest.raises(ValueError, match="would all be the same at temperature 0; give a higher temperature"):
        SamplingConfig(n=2)


def test_only_what_the_mode_does_is_drawn(configured):
    assert configured(WARM | {"n": 2}, WARM | {"n": 3}, mode="blind").draws == (1, 3)
    assert configured(WARM | {"n": 2}, mode="perception", reasoner=None).draws == (2, 1)
    report = run(configured(WARM | {"n": 2}, mode="perception", reasoner=None))
    assert (report.progress.done, report.draws) == (2 * SAMPLES, None)


def test_the_command_line_says_how_many(configured, tmp_path, monkeypatch):
    from prism_engine.config import load_run_configs  # noqa: PLC0415

    given = {"benchmark": "b", "perceiver": "p", "reasoner": "r"}
    (config,) = load_run_configs(None, given | {"perception.n": 4, "perception.temperature": 1.0})
    assert config.perception.n == 4
    with pytest.raises(ConfigError, match="temperature 0"):
        load_run_configs(None, given | {"reasoning.n": 4})


def test_of_several_draws_only_those_that_failed_are_tried_again(configured, monkeypatch):
    monkeypatch.setattr(scripted, "identity_facts", lambda spec, _: {"replies": str(spec.replies)})
    eyes = {"backend": "scripted", "replies": ["seen"]}
    brain = {"backend": "scripted", "replies": ["A"]}
    flaky = {"eyes": eyes, "brain": {**brain, "failure_rate": 0.5}}
    config = configured(None, WARM | {"n": 3}, models=flaky)
    before = run(config)
    failed = [
        position for position, row in enumerate(lines(before.folder / "draws.jsonl")) if row["status"] == "failed"
    ]
    assert 0 < len(failed) < 3 * SAMPLES
    steady = {"eyes": eyes, "brain": brain}
    after = run(configured(None, WARM | {"n": 3}, models=steady, retry_failed=True))
    assert after.folder == before.folder
    assert {row["status"] for row in lines(after.folder / "draws.jsonl")} == {"done"}
    assert after.progress.meters["reason"].calls <= len(failed)  # identical draws share a call
    assert after.progress.meters["reason"].calls > 0
