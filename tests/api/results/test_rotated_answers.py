"""Rotated options, from the configuration to the files, over a provider that chooses by content or by position."""

from __future__ import annotations

import csv
import json
import re
import zlib

import pytest

from prism_engine import api
from prism_engine.api.results.rescoring import rescore
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.config import RunConfig, load_registry
from prism_engine.errors import ConfigError
from tests.api.judged import judge, says
from tests.provider import paid_model, provider
from tests.shapes import write_shapes

SAMPLES = 12
OPTION = re.compile(r"^([A-D])\. (.*)$", re.MULTILINE)


def smallest(body):
    """Answer with the letter of the alphabetically first option, wherever it is; without any, describe the picture."""
    content = body["messages"][-1]["content"]
    text = content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
    options = sorted((text, letter) for letter, text in OPTION.findall(text))
    return options[0][1] if options else f"picture {zlib.crc32(json.dumps(content).encode())}"


@pytest.fixture
def server():
    with provider(Behaviour(reply=smallest)) as started:
        yield started


@pytest.fixture
def configured(tmp_path, server):
    write_shapes(tmp_path / "shapes.tsv", SAMPLES, 0)

    def make(**changes):
        return RunConfig.model_validate(
            {
                "benchmark": str(tmp_path / "shapes.tsv"),
                "perceiver": "eyes",
                "reasoner": "brain",
                "cache_dir": tmp_path / "cache",
                "results_dir": tmp_path / "results",
                "models": {name: paid_model(server, price=None, identity=name) for name in ("eyes", "brain")},
                **changes,
            }
        )

    return make


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def run(config):
    return api.run(config, load_registry())


def calls(report):
    return {stage: meter.calls for stage, meter in report.progress.meters.items()}


def test_each_picture_is_described_once_and_the_original_order_is_that_of_a_run_without_rotations(configured):
    plain = run(configured())
    plan = api.plan(configured(rotate=4), load_registry())
    assert (plan.samples, plan.stages["perceive"].to_call) == (4 * SAMPLES, 0)
    assert (plan.stages["reason"].cached, plan.stages["reason"].to_call) == (SAMPLES, 3 * SAMPLES)
    report = run(configured(rotate=4))
    assert calls(report) == {"perceive": 0, "reason": 3 * SAMPLES}
    assert calls(run(configured(rotate="all"))) == {"perceive": 0, "reason": 0}
    assert report.folder != plain.folder
    assert report.folder.parent == plain.folder.parent
    assert (report.folder / "predictions.jsonl").read_bytes() == (plain.folder / "predictions.jsonl").read_bytes()
    assert report.scores == plain.scores
    assert len(lines(report.folder.parent / "descriptions.jsonl")) == SAMPLES


def test_a_run_that_rotates_first_serves_the_one_that_does_not(configured):
    first = run(configured(rotate=2))
    assert calls(first)["reason"] == 2 * SAMPLES
    assert calls(run(configured())) == {"perceive": 0, "reason": 0}
    assert calls(run(configured(rotate=4)))["reason"] == 2 * SAMPLES


def test_a_model_that_chooses_by_content_is_robust_and_one_that_says_a_is_not(configured, server):
    bias = run(configured(rotate="all")).bias
    assert bias.flipped.value == 0
    assert bias.robust.value == bias.mean.value == bias.original.value
    assert all(one.bias.value == 0 and one.chosen == 0.25 for one in bias.positions)
    stubborn = configured(rotate="all", reasoner="a", models={
        "eyes": paid_model(server, price=None, identity="eyes"), "a": {"backend": "scripted", "replies": ["A"]},
    })  # fmt: skip
    bias = run(stubborn).bias
    assert (bias.robust.value, bias.mean.value, bias.flipped.value) == (0, 0.25, 1)
    assert bias.positions[0].bias.value == 0.75


def test_rows_have_the_rotation_its_options_and_its_right_letter(configured):
    report = run(configured(rotate="all"))
    rows = lines(report.folder / "rotations.jsonl")
    assert [(row["position"], row["rotation"]) for row in rows] == [
        (question, shift) for question in range(SAMPLES) for shift in range(4)
    ]
    right = [next(option["text"] for option in row["options"] if option["letter"] == row["target"]) for row in rows]
    assert all(right[4 * question] == text for question in range(SAMPLES) for text in right[4 * question :][:4])
    assert {row["order_kept"] for row in rows} == {None}
    assert all(
        len({row["target"] for row in rows[4 * question : 4 * question + 4]}) == 4 for question in range(SAMPLES)
    )
    assert (report.folder / "rotations.parquet").is_file()
    manifest = json.loads((report.folder / "manifest.json").read_text())
    assert manifest["rotations"] == {"questions": SAMPLES, "rotated": SAMPLES, "order_kept": {}}
    assert manifest["config"]["rotate"] == "all"


def test_questions_whose_options_refer_to_each_other_are_asked_once_and_counted(configured, tmp_path):
    with (tmp_path / "shapes.tsv").open(newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t")
    rows[3][header.index("D")] = "None of the above"
    with (tmp_path / "shapes.tsv").open("w", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([header, *rows])
    report = run(configured(rotate=3))
    assert report.progress.done == 3 * (SAMPLES - 1) + 1
    assert report.bias.order_kept == {"an option refers to others": 1}
    assert report.scores.overall.n == SAMPLES
    kept = [row for row in lines(report.folder / "rotations.jsonl") if row["position"] == 3]
    assert [(row["rotation"], row["order_kept"]) for row in kept] == [(0, "an option refers to others")]


def test_every_rotation_is_drawn_and_each_file_has_its_part(configured):
    report = run(configured(rotate=2, reasoning={"temperature": 0.8, "n": 3}))
    rows = lines(report.folder / "rotations.jsonl")
    assert [(row["position"], row["rotation"], row["answer_draw"]) for row in rows] == [
        (question, shift, draw) for question in range(SAMPLES) for shift in range(2) for draw in range(3)
    ]
    draws = lines(report.folder / "draws.jsonl")
    assert [(row["position"], row["answer_draw"]) for row in draws] == [
        (question, draw) for question in range(SAMPLES) for draw in range(3)
    ]
    assert not any("rotation" in row or "order_kept" in row for row in draws)
    assert not any("answer_draw" in row or "rotation" in row for row in lines(report.folder / "predictions.jsonl"))
    assert (report.draws.draws, report.bias.answers, report.bias.complete) == (3 * SAMPLES, 6 * SAMPLES, 3 * SAMPLES)
    assert len(lines(report.folder.parent / "descriptions.jsonl")) == SAMPLES
    found = api.sample_calls(api.find_run_state(report.config.results_dir, None), "3", load_registry())
    assert [call.stage for call in found] == ["perceive", *["reason"] * 6]


def test_open_questions_among_the_others_are_asked_once_and_counted(configured, tmp_path):
    with (tmp_path / "shapes.tsv").open(newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t")
    for row in rows[::4]:
        row[header.index("A") : header.index("answer") + 1] = ["", "", "", "", "12"]
    with (tmp_path / "shapes.tsv").open("w", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([header, *rows])
    report = run(configured(rotate="all", answer_kind="mmmu"))
    assert report.bias.order_kept == {"no options": SAMPLES // 4}
    assert report.progress.done == SAMPLES // 4 + 4 * (SAMPLES - SAMPLES // 4)
    assert (report.bias.complete, report.scores.overall.scored) == (SAMPLES - SAMPLES // 4, SAMPLES)


@pytest.mark.parametrize("mode", ["direct", "blind"])
def test_modes_without_descriptions_rotate_as_well(configured, mode):
    report = run(configured(rotate="all", mode=mode))
    assert (report.progress.done, report.bias.flipped.value, report.bias.complete) == (4 * SAMPLES, 0, SAMPLES)


def test_a_mode_that_does_not_answer_rotates_nothing(configured):
    report = run(configured(rotate=4, mode="perception", reasoner=None))
    assert (report.progress.done, report.bias) == (SAMPLES, None)


def test_rotations_are_scored_again_under_other_rules(configured):
    report = run(configured(rotate="all"))
    again = rescore(report.folder / "predictions.jsonl", ["v1", "v3"])
    assert again.bias["v3"].robust == report.bias.robust
    assert again.bias["v3"].profile == "v3"
    assert len(lines(report.folder / "rotations-v1.jsonl")) == 4 * SAMPLES
    assert (report.folder / "rotations-v1.md").is_file()
    assert len(lines(report.folder / "predictions-v1.jsonl")) == SAMPLES


def test_every_rotation_is_judged(configured, server):
    mumbler = {"eyes": paid_model(server, price=None), "brain": {"backend": "scripted", "replies": ["hmm, hard"]}}
    report = run(configured(rotate=2, models=mumbler))
    assert report.bias.answered == 0
    with provider(says("A")) as asked:
        judged = judge(report, asked)
    assert judged.resolved == {"judged": 2 * SAMPLES}
    assert (judged.bias.answered, judged.bias.flipped.value) == (SAMPLES, 1.0)
    assert len(lines(judged.folder / "rotations.jsonl")) == 2 * SAMPLES
    assert len(lines(judged.folder / "predictions.jsonl")) == SAMPLES
    assert (judged.folder / "rotations.md").is_file()


def test_only_rotations_that_failed_are_tried_again(configured, server, monkeypatch):
    monkeypatch.setattr("prism_engine.backends.scripted.identity_facts", lambda spec, _: {"r": str(spec.replies)})
    eyes, brain = paid_model(server, price=None), {"backend": "scripted", "replies": ["A"]}
    before = run(configured(rotate=4, models={"eyes": eyes, "brain": brain | {"failure_rate": 0.5}}))
    rows = lines(before.folder / "rotations.jsonl")
    failed = sum(row["status"] == "failed" for row in rows)
    assert 0 < failed < 4 * SAMPLES
    assert before.bias.failed == failed
    after = run(configured(rotate=4, models={"eyes": eyes, "brain": brain}, retry_failed=True))
    assert (after.folder, after.bias.failed) == (before.folder, 0)
    assert calls(after)["perceive"] == 0
    assert 0 < calls(after)["reason"] <= failed  # equal questions share a call


def test_a_sweep_has_the_robust_accuracy_in_its_table(configured, tmp_path):
    reports = api.run_many([configured(rotate=4), configured(rotate=4, mode="blind")], load_registry())
    table = api.write_sweep(reports)
    assert "| Robust % |" in table.read_text()
    with table.with_suffix(".csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["robust_accuracy"]) for row in rows] == [each.bias.robust.value for each in reports if each.bias]
    plain = api.write_sweep(api.run_many([configured(), configured(mode="blind")], load_registry()))
    assert "Robust" not in plain.read_text()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rotate": 5}, r"--rotate 5: no question that can be rotated has more than 4 options; give 4 or less, or all"),
        ({"rotate": 4, "answer_kind": "circular"}, r"--rotate: shapes has a row for each rotation already"),
        (
            {"rotate": 4, "answer_kind": "vqa"},
            r"--rotate: shapes has answer kind vqa, whose questions have no lettered",
        ),
    ],
)
def test_what_cannot_be_rotated_is_refused_before_anything_is_called(configured, server, changes, message):
    with pytest.raises(ConfigError, match=message):
        run(configured(**changes))
    assert server.stats.received == 0


@pytest.mark.parametrize("number", [0, -1, "four", 2.5, True, "", "1e3"])
def test_rotations_are_a_number_or_all(configured, number):
    with pytest.raises(ValueError, match="must be a number of rotations from 1 on, such as 4, or all"):
        configured(rotate=number)


def test_one_rotation_is_a_run_without_rotations(configured):
    assert run(configured(rotate=1)).folder == run(configured()).folder


def test_a_perceiver_whose_descriptions_are_not_cached_is_refused(configured, server, monkeypatch):
    monkeypatch.setattr("prism_engine.backends.scripted.identity_facts", lambda *_: {})
    silent = {"backend": "scripted", "replies": ["x"]}
    api_model = paid_model(server, price=None)
    with pytest.raises(ConfigError, match=r"--rotate: all rotations .* 'eyes' .* states no identity; leave it out"):
        run(configured(rotate=2, models={"eyes": silent, "brain": api_model}))
    assert run(configured(rotate=2, models={"eyes": api_model, "brain": silent})).bias.rotated == SAMPLES
