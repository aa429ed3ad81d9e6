"""Joining perceivers in one command: engines take turns, and no picture is described twice."""

from __future__ import annotations

import json

import pytest

from prism_engine import api
from prism_engine.backends.scripted import Scripted
from prism_engine.config import RunConfig, ScriptedModel, VllmModel, load_registry
from prism_engine.errors import ConfigError
from prism_engine.records import Completion, Outcome
from tests.shapes import write_shapes

SAMPLES = 10
PICTURES = 8


class Backend(Scripted):
    """Answers with its name and records its calls."""

    def __init__(self, name, happened):
        super().__init__(ScriptedModel(concurrency=4), reply=self.answer)
        self._name = name
        self._happened = happened

    def answer(self, call):
        self._happened.append((self._name, call.stage))
        return Completion(Outcome.OK, "A" if call.stage == "reason" else f"{self._name} sees")

    async def aclose(self):
        self._happened.append((self._name, "closed"))


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Two engines, two perceivers without one, a reasoner; and the events of their backends, in order."""

    class World:
        happened: list[tuple[str, str]] = []  # noqa: RUF012 - one per test

        def config(self, perceiver, **changes):
            engines = {
                name: VllmModel(model="embedded:captioner", engine={"max_model_len": 900 + at})
                for at, name in enumerate(("a", "b", "c"))
            }
            scripted = {name: ScriptedModel(replies=(name,)) for name in ("x", "y", "brain")}
            return RunConfig.model_validate(
                {
                    "benchmark": str(tmp_path / "shapes.tsv"),
                    "perceiver": perceiver,
                    "reasoner": "brain",
                    "cache_dir": tmp_path / "cache",
                    "results_dir": tmp_path / "results",
                    "models": {**engines, **scripted},
                    **changes,
                }
            )

        def run(self, *perceivers, **changes):
            self.happened.clear()
            return api.run_many([self.config(one, **changes) for one in perceivers], load_registry())

        def counted(self):
            return {what: self.happened.count(what) for what in self.happened if what[1] != "closed"}

    write_shapes(tmp_path / "shapes.tsv", SAMPLES, 0)
    made = World()
    made.happened = []
    monkeypatch.setattr(
        "prism_engine.api.build.workbench.build_backend",
        lambda name, _spec, _cache, _budget: Backend(name, made.happened),
    )
    return made


def rows(report):
    return [json.loads(line) for line in (report.folder / "predictions.jsonl").read_text().splitlines()]


def described(report):
    return {row["description"] for row in rows(report)}


def test_engines_take_turns_each_up_once(world):
    (report,) = world.run("a~b~c")
    assert (report.status.value, report.progress.done, report.progress.cached) == ("complete", SAMPLES, 0)
    meter = report.progress.meters["perceive"]
    assert meter is not None
    assert (meter.calls, meter.hits + meter.shared) == (3 * PICTURES, 3 * (SAMPLES - PICTURES))  # as if not ahead
    engines = [what for what in world.happened if what[0] != "brain"]
    assert engines == [
        step for name in ("a", "b", "c") for step in (*[(name, "perceive")] * PICTURES, (name, "closed"))
    ]
    (text,) = described(report)
    assert text == "Description 1:\na sees\n\nDescription 2:\nb sees\n\nDescription 3:\nc sees"


def test_each_engine_follows_the_instruction_for_the_sample(world, tmp_path):
    observed = {str(at): f"thing {at}" for at in range(SAMPLES)}
    (tmp_path / "listed.json").write_text(json.dumps(observed))
    (report,) = world.run("a~b", instruction=f"@{tmp_path / 'listed.json'}")
    assert (report.progress.done, report.progress.fell_back) == (SAMPLES, 0)
    assert world.counted() == {("a", "perceive"): SAMPLES, ("b", "perceive"): SAMPLES, ("brain", "reason"): SAMPLES}
    assert world.happened.index(("a", "closed")) == SAMPLES < world.happened.index(("b", "perceive"))


def test_a_writer_writes_once_for_all_engines(world):
    (report,) = world.run("a~b", instruction="query-specific_y")
    assert (report.progress.done, report.progress.fell_back) == (SAMPLES, 0)
    questions = len({row["question"] for row in rows(report)})
    assert (world.counted()["y", "write"], report.progress.meters["write"].calls) == (questions, questions)
    assert world.counted()["a", "perceive"] == world.counted()["b", "perceive"] == PICTURES
    assert world.happened.index(("a", "closed")) < world.happened.index(("b", "perceive"))


def test_a_cached_description_takes_no_call(world):
    world.run("a~b")
    world.run("b~a", merge="plain")
    assert world.counted() == {("brain", "reason"): SAMPLES}
    (report,) = world.run("a~b")
    assert world.counted() == {}
    assert report.status.value == "complete"


def test_a_part_that_two_runs_join_describes_once(world):
    reports = world.run("a~b", "a~c")
    assert [report.config.perceiver for report in reports] == ["a~b", "a~c"]
    assert [what[0] for what in world.happened if what[1] == "closed"][:2] == ["a", "b"]
    assert world.counted() == {(name, "perceive"): PICTURES for name in "abc"} | {("brain", "reason"): 2 * SAMPLES}


def test_perceivers_that_use_no_memory_on_this_machine_describe_concurrently(world):
    (report,) = world.run("x~y")
    assert world.counted() == {("x", "perceive"): PICTURES, ("y", "perceive"): PICTURES, ("brain", "reason"): SAMPLES}
    assert described(report) == {"Description 1:\nx sees\n\nDescription 2:\ny sees"}
    manifest = json.loads((report.folder / "manifest.json").read_text())
    assert list(manifest["models"]) == ["perceiver", "perceiver_2", "reasoner"]
    assert manifest["stages"]["perceive"]["calls"] == 2 * PICTURES


def test_the_original_order_puts_the_later_one_first_and_has_separate_results(world):
    (report,) = world.run("x~y", merge="original")
    assert described(report) == {"y seesx sees"}
    assert report.folder.as_posix().endswith("generic/shapes/x~y+original/brain")


def test_one_call_returns_the_report_of_the_run_that_was_asked_for(world):
    report = api.run(world.config("a~b"), load_registry())
    assert (report.config.perceiver, report.progress.done) == ("a~b", SAMPLES)


def test_the_plan_counts_the_calls_of_all_perceivers(world):
    planned, forecast = api.plan_and_forecast(world.config("a~b"), load_registry())
    assert (planned.stages["perceive"].to_call, planned.stages["reason"].unknown) == (2 * PICTURES, SAMPLES)
    assert [one.ask.calls for one in planned.stages["perceive"].models.values()] == [PICTURES, PICTURES]
    most = 2 * PICTURES * 512
    assert forecast.stages["perceive"].completion_tokens.high == most
    world.run("a")
    assert api.plan(world.config("a~b"), load_registry()).stages["perceive"].to_call == PICTURES


def test_only_describing_modes_join(world):
    assert world.run("a~b", mode="reasoning")[0].progress.not_run == SAMPLES
    with pytest.raises(ConfigError, match="mode 'direct' takes one"):
        world.run("a~b", mode="direct")


def test_a_part_that_failed_leaves_the_sample_for_the_next_run(world, monkeypatch):
    answer = Backend.answer
    monkeypatch.setattr(
        Backend, "answer", lambda self, call: Completion(Outcome.REFUSED) if self._name == "a" else answer(self, call)
    )
    (report,) = world.run("a~b")
    assert (report.progress.failed, report.status.value) == (SAMPLES, "incomplete")
    assert report.progress.failures == {"description by a: refused": SAMPLES}
