"""Query-specific runs from end to end over scripted models: calls, counts, files, forecasts, resuming."""

from __future__ import annotations

import json

import pytest

from prism_engine import api
from prism_engine.backends.scripted import Scripted
from prism_engine.config import Arm, RunConfig, ScriptedModel, load_registry
from prism_engine.errors import DeadError
from prism_engine.prompts import INSTRUCTIONS, specific_instruction
from prism_engine.records import Completion, Outcome
from tests.shapes import write_shapes

SAMPLES = 20


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A benchmark, and scripted models whose calls are counted; `writes` sets the hints that a hint writer returns."""

    class World:
        calls: list[tuple[str, str]]
        writes = staticmethod(lambda question: Completion(Outcome.OK, f"Contents to observe: {question[:12].lower()}."))

        def config(self, **changes):
            return RunConfig.model_validate(
                {
                    "benchmark": str(tmp_path / "shapes.tsv"),
                    "perceiver": "eyes",
                    "reasoner": "brain",
                    "instruction": "query-specific_brain",
                    "cache_dir": tmp_path / "cache",
                    "results_dir": tmp_path / "results",
                    "models": {name: ScriptedModel(replies=(name,), concurrency=4) for name in ("eyes", "brain", "w")},
                    **changes,
                }
            )

        def run(self, **changes):
            self.calls = []
            return api.run(self.config(**changes), load_registry())

        def plan(self, **changes):
            return api.plan(self.config(**changes), load_registry())

        def count(self, stage):
            return sum(one == stage for one, _ in self.calls)

        def reply(self, call):
            text = str(call.messages[0].parts[-1])
            self.calls.append((call.stage, text))
            if call.stage == "write":
                return self.writes(text.removesuffix("\nContents to observe:").rpartition("Question: ")[2])
            return Completion(Outcome.OK, "A" if call.stage == "reason" else "seen")

    write_shapes(tmp_path / "shapes.tsv", SAMPLES, 0)
    made = World()
    made.calls = []
    monkeypatch.setattr(
        "prism_engine.api.build.workbench.build_backend",
        lambda _name, spec, _cache, _budget: Scripted(spec, reply=made.reply),
    )
    return made


def rows(report, name="predictions.jsonl"):
    return [json.loads(line) for line in (report.folder / name).read_text().splitlines()]


def manifest(report):
    return json.loads((report.folder / "manifest.json").read_text())


def test_one_pass_writes_describes_and_answers_as_planned_and_a_second_one_calls_nothing(world):
    before = world.plan()
    report = world.run()
    assert report.status.value == "complete"
    questions = {row["question"] for row in rows(report)}
    wanted = {(row["images"][0], row["contents"]) for row in rows(report)}
    assert world.count("write") == before.stages["write"].to_call == len(questions)
    assert world.count("perceive") == len(wanted) <= before.stages["perceive"].unknown
    instructions = {text for stage, text in world.calls if stage == "perceive"}
    assert instructions == {specific_instruction(INSTRUCTIONS["generic"], hints) for _, hints in wanted}
    assert report.folder.as_posix().endswith("results/query-specific_brain/shapes/eyes/brain")
    assert manifest(report)["stages"]["write"]["calls"] == len(questions)
    assert list(manifest(report)["models"]) == ["perceiver", "writer", "reasoner"]

    after = world.plan()
    assert after.is_cached
    world.run()
    assert world.calls == []


def test_hints_written_before_are_not_written_again(world):
    report = world.run(mode=Arm.PROMPTS, perceiver=None, reasoner=None)
    assert {stage for stage, _ in world.calls} == {"write"}
    assert report.folder.as_posix().endswith("results/prompts/shapes/brain")
    hints = json.loads((report.folder / "shapes_brain.json").read_text())
    assert hints == {row["index"]: row["contents"] for row in rows(report, "contents.jsonl")}
    world.run()
    assert world.count("write") == 0
    assert world.count("perceive") > 0


def test_hints_in_a_file_make_the_same_calls_as_their_writer(world, tmp_path):
    world.run()
    written = world.run(mode=Arm.PROMPTS, perceiver=None, reasoner=None).folder / "shapes_brain.json"
    report = world.run(instruction=f"@{written}")
    assert world.calls == []
    assert report.progress.fell_back == 0
    assert manifest(report)["stages"].keys() == {"perceive", "reason"}


def test_one_writer_serves_all_reasoners(world):
    world.run(instruction="query-specific_w")
    world.run(instruction="query-specific_w", reasoner="eyes")
    assert (world.count("write"), world.count("perceive")) == (0, 0)
    assert world.count("reason") > 0


def test_a_sample_without_hints_is_described_generically_and_counted_everywhere(world):
    world.writes = lambda question: Completion(Outcome.OK if "colour" in question else Outcome.REFUSED, "the colour")
    report = world.run()
    without = [row for row in rows(report) if row["fell_back"]]
    assert report.status.value == "complete"
    assert 0 < len(without) < SAMPLES
    assert {row["fell_back"] for row in without} == {"refused: no text"}
    assert {row["contents"] for row in without} == {None}
    assert report.progress.fell_back == manifest(report)["contents"]["fell_back"] == len(without)
    generic = [text for stage, text in world.calls if (stage, text) == ("perceive", INSTRUCTIONS["generic"])]
    assert len(generic) == len({row["images"][0] for row in without})
    described = [json.loads(line) for line in (report.folder.parent / "descriptions.jsonl").read_text().splitlines()]
    assert sum(row["fell_back"] is not None for row in described) == len(without)


def test_a_file_that_lacks_rows_is_used_and_the_missing_rows_are_counted(world, tmp_path):
    (tmp_path / "some.json").write_text(json.dumps({"0": "the colour", "3": "..."}))
    report = world.run(instruction=f"@{tmp_path / 'some.json'}")
    assert report.progress.fell_back == SAMPLES - 1
    assert rows(report)[0]["contents"] == "the colour"
    assert rows(report)[1]["fell_back"] == "missing: not in the file"


def test_a_hint_writer_that_dies_stops_the_run_and_the_next_run_resumes(world):
    good = world.writes

    def dying(question):
        if sum(stage == "write" for stage, _ in world.calls) > 3:
            raise DeadError("key refused")
        return good(question)

    world.writes = dying
    report = world.run()
    assert (report.status.value, str(report.trouble)) == ("died", "key refused")
    spent = world.count("write")
    world.writes = good
    assert world.run().status.value == "complete"
    assert 0 < world.count("write") < SAMPLES
    assert spent < SAMPLES


def test_a_forecast_has_the_hint_writer_s_calls_and_unknown_prompts_as_a_range(world):
    predicted = api.plan_and_forecast(world.config(), load_registry())[1]
    assert list(predicted.stages) == ["write", "perceive", "reason"]
    assert predicted.free == {"write", "perceive", "reason"}
    assert predicted.stages["perceive"].prompt_tokens.low < predicted.stages["perceive"].prompt_tokens.high
    world.run()
    assert api.plan_and_forecast(world.config(), load_registry())[1].stages == {}
