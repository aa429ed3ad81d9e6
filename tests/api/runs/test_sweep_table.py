"""Sweeps: calls, engine turns, and the table at the end."""

from __future__ import annotations

import asyncio
import csv
import os
import signal
from itertools import product

import pytest

from prism_engine import api, prompts
from prism_engine.api.runs.sweep_table import write_sweep
from prism_engine.backends import scripted
from prism_engine.backends.scripted import Scripted
from prism_engine.config import RunConfig, ScriptedModel, load_registry
from prism_engine.errors import ConfigError, DeadError
from prism_engine.records import Completion, Outcome
from tests.shapes import write_shapes

SAMPLES = 30
EYES, MINDS, BENCHMARKS, INSTRUCTIONS = ("eyes", "glasses"), ("brain", "mind"), ("one", "other"), ("generic", "brief")


class Model(Scripted):
    """Answers with its name and its prompt, and records when it starts and when it is closed."""

    def __init__(self, name, spec, world):
        super().__init__(spec, reply=self.answer)
        self.name, self.world = name, world
        self.asked = []
        self.starting = None

    async def answer(self, call):
        if self.starting is None:
            self.world.log.append(f"{self.name} up")
            self.starting = asyncio.create_task(self.world.start(self))
        await self.starting
        self.asked.append(call)
        if self.name in MINDS:
            await self.world.think(self)
            return Completion(Outcome.OK, "A")
        return Completion(Outcome.OK, f"{self.name} saw {call.images[0].digest[:8]} by {call.messages[0].parts[1][:8]}")

    async def aclose(self):
        if self.starting is not None:
            await self.starting
            self.world.log.append(f"{self.name} closed")
        await super().aclose()


@pytest.fixture
def world(tmp_path, monkeypatch):
    class World:
        def __init__(self):
            self.log = []
            self.models = {}

        async def start(self, model):
            """What the start of a model waits for."""

        async def think(self, model):
            """What an answer waits for."""

        def configs(self, **changes):
            return [
                RunConfig(
                    benchmark=str(tmp_path / f"{benchmark}.tsv"),
                    perceiver=eyes,
                    reasoner=mind,
                    instruction=instruction,
                    cache_dir=tmp_path / "cache",
                    results_dir=tmp_path / "results",
                    models={name: ScriptedModel(replies=(name,), concurrency=4) for name in (*EYES, *MINDS)},
                    **changes,
                )
                for eyes, benchmark, instruction, mind in product(EYES, BENCHMARKS, INSTRUCTIONS, MINDS)
            ]

        def run(self, configs):
            self.models.clear()
            self.log.clear()
            return api.run_many(configs, load_registry())

        def calls(self):
            return [call for model in self.models.values() for call in model.asked]

    made = World()
    monkeypatch.setattr(
        "prism_engine.api.build.workbench.build_backend",
        lambda name, spec, *_: made.models.setdefault(name, Model(name, spec, made)),
    )
    monkeypatch.setattr(ScriptedModel, "runs_locally", property(lambda spec: spec.replies[0] in EYES))
    monkeypatch.setitem(prompts.INSTRUCTIONS, "brief", "Say briefly what you see.")
    for seed, name in enumerate(BENCHMARKS):
        write_shapes(tmp_path / f"{name}.tsv", SAMPLES, seed)
    return made


def to_call(planned):
    describe = sum(one.plan.stages["perceive"].to_call for one in planned)
    return describe, sum(one.plan.stages["reason"].to_call + one.plan.stages["reason"].unknown for one in planned)


def test_a_sweep_makes_exactly_the_calls_of_its_plan_and_loads_each_engine_once(world):
    configs = world.configs()
    describe, answer = to_call(api.plan_many(configs, load_registry()))
    reports = world.run(configs)
    assert len(reports) == 16
    assert all(report.status.value == "complete" and report.progress.done == SAMPLES for report in reports)
    calls = world.calls()
    assert len(calls) == len(set(calls)) == describe + answer
    assert sum(call.stage == "perceive" for call in calls) == describe
    assert describe == sum(report.progress.meters["perceive"].calls for report in reports)
    seeing = [line for line in world.log if line.split()[0] in EYES]
    assert seeing == ["eyes up", "eyes closed", "glasses up", "glasses closed"]
    assert to_call(api.plan_many(configs, load_registry())) == (0, 0)
    world.run(configs)
    assert world.calls() == []
    assert world.log == []


def test_the_order_of_the_runs_does_not_make_an_engine_start_twice(world):
    configs = world.configs()
    world.run(configs[::2] + configs[1::2][::-1])
    assert [line for line in world.log if line.split()[0] in EYES][1:3] == ["eyes closed", "glasses up"]
    assert len(world.log) == 2 * len(world.models)


def test_the_reasoner_works_while_one_engine_makes_room_for_the_next(world):
    async def start(model):
        if model.name == "glasses":  # it is up only when answers have been given meanwhile
            before = len(world.models["brain"].asked)
            while len(world.models["brain"].asked) < before + 8:
                await asyncio.sleep(0.001)

    async def think(_model):
        await asyncio.sleep(0.002)

    world.start, world.think = start, think
    assert {report.status.value for report in world.run(world.configs())} == {"complete"}


def test_an_engine_makes_room_however_far_the_reasoner_is_behind(world):
    async def think(_model):
        while "glasses up" not in world.log:
            await asyncio.sleep(0.001)

    world.think = think
    reports = world.run(world.configs(ahead=0))
    assert {report.status.value for report in reports} == {"complete"}
    # Descriptions made ahead are not cache hits: they are the run's own calls and count once.
    meters = [report.progress.meters["perceive"] for report in reports]
    assert sum(meter.calls for meter in meters) == sum(call.stage == "perceive" for call in world.calls())
    assert all(meter.calls + meter.hits + meter.shared == SAMPLES for meter in meters)


def test_engines_may_be_up_together_where_that_is_allowed(world):
    async def start(_model):
        while not {"eyes up", "glasses up"} <= set(world.log):
            await asyncio.sleep(0.001)

    world.start = start
    assert {report.status.value for report in world.run(world.configs(engines_at_once=2))} == {"complete"}


def test_an_engine_whose_descriptions_are_all_cached_is_not_started(world):
    configs = world.configs()
    world.run(configs[:8:2])
    world.run(configs)
    assert [line for line in world.log if line.split()[0] in EYES] == ["glasses up", "glasses closed"]


def test_a_stop_in_the_middle_leaves_every_run_resumable_and_no_call_is_made_twice(world):
    async def think(model):
        if model.name == "brain" and len(model.asked) == 50:
            os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.001)

    configs = world.configs()
    describe, answer = to_call(api.plan_many(configs, load_registry()))
    world.think = think
    reports = world.run(configs)
    assert {report.status.value for report in reports} <= {"complete", "interrupted", "not begun"}
    assert "interrupted" in {report.status.value for report in reports}
    before = world.calls()
    assert to_call(api.plan_many(configs, load_registry())) == (
        describe - sum(call.stage == "perceive" for call in before),
        answer - sum(call.stage == "reason" for call in before),
    )
    world.think = lambda _model: asyncio.sleep(0)
    assert {report.status.value for report in world.run(configs)} == {"complete"}
    calls = before + world.calls()
    assert len(calls) == len(set(calls)) == describe + answer


def test_an_engine_without_identity_describes_ahead_and_makes_room_and_none_of_it_is_cached(world, monkeypatch):
    stated = scripted.identity_facts
    monkeypatch.setattr(
        scripted, "identity_facts", lambda spec, cache: None if spec.replies[0] in EYES else stated(spec, cache)
    )
    configs = world.configs()
    assert to_call(api.plan_many(configs, load_registry()))[0] == 16 * SAMPLES
    for expected in (lambda calls: calls > 0, lambda calls: calls == 0):
        reports = world.run(configs)
        assert {report.status.value for report in reports} == {"complete"}
        seeing = [line for line in world.log if line.split()[0] in EYES]
        assert seeing == ["eyes up", "eyes closed", "glasses up", "glasses closed"]
        meters = [report.progress.meters["perceive"] for report in reports]
        assert all(meter.hits == 0 and meter.calls + meter.shared == SAMPLES for meter in meters)
        assert all(report.progress.cached == 0 for report in reports)
        assert expected(sum(call.stage == "reason" for call in world.calls()))


def test_both_engines_of_a_run_may_lack_an_identity(world, monkeypatch):
    monkeypatch.setattr(scripted, "identity_facts", lambda *_: None)
    (config, *_) = world.configs()
    both = RunConfig.model_validate({**dict(config), "perceiver": "~".join(EYES)})
    (report,) = world.run([both])
    assert report.status.value == "complete"
    seen = [call.model.name for call in world.calls() if call.stage == "perceive"]
    assert set(seen) == set(EYES)
    assert [line for line in world.log if line.split()[0] in EYES][:3] == ["eyes up", "eyes closed", "glasses up"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"retry_failed": True}, "--retry-failed takes the other samples from the cache, but results of 'eyes' are"),
        ({"mode": "reasoning"}, "mode 'reasoning' takes descriptions from the cache, but results of 'eyes' are not"),
    ],
)
def test_what_needs_the_cache_is_refused_for_a_model_without_identity(world, monkeypatch, changes, message):
    monkeypatch.setattr(scripted, "identity_facts", lambda *_: None)
    (config, *_) = world.configs()
    with pytest.raises(ConfigError, match=message):
        world.run([RunConfig.model_validate({**dict(config), **changes})])
    assert world.calls() == []


def test_its_table_has_a_row_per_run_and_marks_fields_that_a_mode_does_not_use(world, tmp_path):
    configs = world.configs()[:2]
    blind = configs[0].model_copy(update={"mode": "blind"})
    path = write_sweep(world.run([*configs, RunConfig.model_validate(dict(blind))]))
    assert path.parent == tmp_path / "results"
    with path.with_suffix(".csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["benchmark"], row["perceiver"], row["reasoner"], row["mode"]) for row in rows] == [
        ("one", "eyes", "brain", "all"),
        ("one", "eyes", "mind", "all"),
        ("one", "", "brain", "blind"),
    ]
    assert len({row["accuracy"] for row in rows}) == 1  # they all say A
    assert float(rows[0]["accuracy_low"]) < float(rows[0]["accuracy"]) < float(rows[0]["accuracy_high"])
    assert path.read_text().splitlines()[-1].startswith("| one | - | - | brain | blind | 30 |")


def test_runs_that_share_descriptions_leave_those_of_the_one_that_got_furthest(world):
    one, other = world.configs()[:2]
    world.run([one])
    before = (world.run([one])[0].folder.parent / "descriptions.jsonl").read_bytes()

    async def think(_model):
        raise DeadError("key refused")

    world.think = think
    (report,) = world.run([other.model_copy(update={"cache_dir": other.cache_dir / "empty"})])
    assert report.status.value == "died"
    assert (report.folder.parent / "descriptions.jsonl").read_bytes() == before
