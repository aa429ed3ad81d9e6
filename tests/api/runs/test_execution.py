"""One or more runs on shared models: calls, starts, stops, closing, and the files on disk."""

from __future__ import annotations

import json
import os
import signal

import pytest

from prism_engine import api
from prism_engine.backends.scripted import Scripted
from prism_engine.config import Arm, RunConfig, ScriptedModel, load_registry
from prism_engine.engine.plan import StagePlan
from prism_engine.errors import ConfigError, DatasetError, DeadError
from prism_engine.records import Completion, Outcome
from tests.shapes import write_described_shapes

SAMPLES = 20
NAMES = ("eyes", "brain")


class Backend(Scripted):
    """Answers as its model is configured to, and records its calls."""

    def __init__(self, spec, reply):
        super().__init__(spec, reply=lambda call: reply(self, call))
        self.answered = []
        self.closings = 0

    async def aclose(self):
        self.closings += 1


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A benchmark with gold descriptions, and the backends that its runs have built."""

    class World:
        reply = staticmethod(lambda _backend, call: "seen" if call.stage == "perceive" else "A")

        def __init__(self):
            self.built = []
            self.config = RunConfig(
                benchmark=str(tmp_path / "shapes.tsv"),
                perceiver="eyes",
                reasoner="brain",
                cache_dir=tmp_path / "cache",
                results_dir=tmp_path / "results",
                models={name: ScriptedModel(replies=(name,), concurrency=2) for name in NAMES},
            )

        def run(self, *modes, **options):
            return api.run_many([self.config.in_mode(Arm.named(mode)) for mode in modes], load_registry(), **options)

        def calls(self):
            """Calls answered since the last check, by model and stage."""
            counts = {}
            for name, backend in self.built:
                for call in backend.answered:
                    counts[name, call.stage] = counts.get((name, call.stage), 0) + 1
                backend.answered.clear()
            return counts

    def build(name, spec, _cache_dir, _budget):
        def reply(backend, call):
            backend.answered.append(call)
            return Completion(Outcome.OK, made.reply(backend, call))

        made.built.append((name, Backend(spec, reply)))
        return made.built[-1][1]

    write_described_shapes(tmp_path / "shapes.tsv", SAMPLES)
    monkeypatch.setattr("prism_engine.api.build.workbench.build_backend", build)
    made = World()
    return made


def rows(report):
    return [json.loads(line) for line in (report.folder / "predictions.jsonl").read_text().splitlines()]


def planned(world, mode):
    plan = api.plan(world.config.in_mode(Arm.named(mode)), load_registry())
    answering = plan.stages["direct" if mode == "direct" else "reason"]
    return plan.stages.get("perceive", StagePlan(0, 0)).to_call, answering.to_call, answering.unknown


def test_runs_go_side_by_side_on_one_backend_per_model_that_is_closed_once(world):
    reports = world.run("direct", "all", "oracle", "blind")
    assert [(report.name, report.status.value) for report in reports] == [
        (name, "complete") for name in ("direct", "all", "oracle", "blind")
    ]
    assert [name for name, _ in world.built] == ["eyes", "brain"]
    assert [backend.closings for _, backend in world.built] == [1, 1]
    assert all(report.progress.done == SAMPLES for report in reports)


def test_every_run_leaves_its_own_files_and_descriptions_only_if_it_described(world, tmp_path):
    files = {
        "predictions.jsonl",
        "predictions.parquet",
        "scores.json",
        "scores.csv",
        "scores.md",
        "manifest.json",
        "status.json",
    }
    folders = ("direct/shapes/eyes", "generic/shapes/eyes/brain", "oracle/shapes/brain", "blind/shapes/brain")
    for report, folder in zip(world.run("direct", "all", "oracle", "blind"), folders, strict=True):
        assert report.folder == tmp_path / "results" / folder
        assert {path.name for path in report.folder.iterdir()} == files
    described = {path.parent.name for path in (tmp_path / "results").rglob("descriptions.jsonl")}
    assert described == {"eyes"}
    assert not (tmp_path / "results/direct/shapes/eyes/descriptions.jsonl").exists()


def test_the_descriptions_a_run_answers_from_are_in_its_rows_and_its_manifest(world):
    direct, oracle, blind = world.run("direct", "oracle", "blind")
    assert {row["description"] for row in rows(direct) + rows(blind)} == {None}
    assert [row["description"] for row in rows(oracle)] == [f"Picture of row {at}." for at in range(SAMPLES)]
    manifests = [json.loads((report.folder / "manifest.json").read_text()) for report in (direct, oracle, blind)]
    assert [list(manifest["models"]) for manifest in manifests] == [["perceiver"], ["reasoner"], ["reasoner"]]
    assert [list(manifest["stages"]) for manifest in manifests] == [["direct"], ["reason"], ["reason"]]
    assert [manifest["config"]["mode"] for manifest in manifests] == ["direct", "oracle", "blind"]


@pytest.mark.parametrize("mode", ["all", "direct", "blind", "oracle"])
def test_a_run_makes_the_calls_of_its_plan_and_a_rerun_calls_nothing(world, mode):
    describe, answer, unknown = planned(world, mode)
    world.run(mode)
    calls = world.calls()
    by_stage = {stage: count for (_, stage), count in calls.items()}
    assert by_stage.pop("perceive", 0) == describe
    (answered,) = by_stage.values()
    assert answered == (answer or answered) <= (answer or unknown)
    assert planned(world, mode) == (0, 0, 0)
    world.run(mode)
    assert world.calls() == {}


def test_only_the_models_that_a_run_needs_are_called(world):
    world.run("direct")
    assert set(world.calls()) == {("eyes", "direct")}
    world.run("blind", "oracle")
    assert set(world.calls()) == {("brain", "reason")}


def test_an_answer_to_a_description_that_equals_the_gold_one_is_shared(world, tmp_path):
    write_described_shapes(tmp_path / "shapes.tsv", SAMPLES, gold="seen")
    world.run("all")
    world.calls()
    world.run("oracle")
    assert world.calls() == {}


def test_a_benchmark_without_gold_descriptions_is_refused_before_any_call(world, tmp_path):
    lines = (tmp_path / "shapes.tsv").read_text().splitlines()
    lines[8] = lines[8].rpartition("\t")[0] + "\t"
    (tmp_path / "shapes.tsv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DatasetError, match=r"shapes\.tsv, row 8 \(index 7\), column 'gold_description'"):
        world.run("all", "oracle")
    assert world.calls() == {}
    assert not (tmp_path / "results").exists()


def test_two_runs_that_would_write_into_one_folder_are_refused(world, tmp_path):
    with pytest.raises(ConfigError, match="runs 'all' and 'reasoning' would write their results here"):
        world.run("all", "reasoning")
    with pytest.raises(ConfigError, match="two identical runs"):
        world.run("all", "all")
    assert not (tmp_path / "results").exists()


def test_runs_are_named_by_the_fields_in_which_they_differ(world):
    configs = [world.config.model_copy(update={"perceiver": name, "reasoner": "brain"}) for name in NAMES]
    assert [report.name for report in api.run_many(configs, load_registry())] == ["eyes", "brain"]
    assert api.run(world.config, load_registry()).name == ""


def test_a_stop_ends_all_runs_cleanly_and_the_same_command_resumes_each(world, tmp_path):
    def reply(backend, call):
        if call.stage == "direct" and len(backend.answered) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return "A"

    world.reply = reply
    reported = []
    thinking = sum(planned(world, mode)[1] for mode in ("blind", "oracle"))
    reports = world.run("blind", "direct", "oracle", finished=reported.append)
    assert sorted(report.name for report in reported) == ["blind", "direct", "oracle"]
    blind, direct, oracle = reports
    assert direct.status.value == "interrupted"
    assert {blind.status.value, oracle.status.value} <= {"complete", "interrupted", "not begun"}
    statuses = [row["status"] for row in rows(direct)]
    assert 0 < statuses.count("done") < len(statuses) == SAMPLES
    assert set(statuses) == {"done", "not_run"}
    assert [backend.closings for _, backend in world.built] == [1, 1]

    world.reply = lambda _backend, _call: "A"
    spent = world.calls()
    assert [report.status.value for report in world.run("blind", "direct", "oracle")] == ["complete"] * 3
    again = world.calls()
    assert again["eyes", "direct"] + spent["eyes", "direct"] == SAMPLES
    assert again["brain", "reason"] + spent["brain", "reason"] == thinking


def test_a_run_that_a_stop_left_without_a_single_sample_leaves_no_results(world, tmp_path):
    world.reply = lambda _backend, _call: "A"
    world.run("blind")
    world.calls()

    def reply(_backend, _call):
        raise DeadError("key refused")

    world.reply = reply
    blind, oracle, direct = world.run("blind", "oracle", "direct")
    assert blind.status.value == "complete"  # all of it was cached
    assert {oracle.status.value, direct.status.value} <= {"died", "not begun"}
    for report in (oracle, direct):
        assert (report.status.value == "died") == (report.trouble is not None) == (report.folder / "scores.md").exists()


def test_a_model_that_dies_stops_the_other_runs_too(world):
    def reply(backend, _call):
        raise DeadError("key refused")

    world.reply = reply
    reports = world.run("blind", "oracle")
    assert sorted(report.status.value for report in reports) == ["died", "not begun"]
    assert [str(report.trouble) for report in reports if report.trouble] == ["key refused"]
    assert [backend.closings for _, backend in world.built] == [1]


def test_a_second_signal_stops_at_once_and_still_closes_every_backend(world, tmp_path):
    def reply(_backend, _call):
        os.kill(os.getpid(), signal.SIGTERM)
        return "A"

    world.reply = reply
    with pytest.raises(KeyboardInterrupt):
        world.run("blind", "direct")
    assert [backend.closings for _, backend in world.built] == [1, 1]
