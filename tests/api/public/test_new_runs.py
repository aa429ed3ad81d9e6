"""`prism.run` and its siblings: options by keyword, in scripts, in running loops and awaited."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

import prism_engine as prism
from prism_engine.config import ApiModel, ScriptedModel
from tests.api.judged import MUMBLES, says
from tests.provider import paid_model
from tests.shapes import write_shapes

pytest_plugins = ["prism_engine.chaos.fixtures"]


@pytest.fixture
def options(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 12, 0)
    return {
        "benchmark": tmp_path / "shapes.tsv",
        "perceiver": "scripted",
        "reasoner": "scripted",
        "cache_dir": str(tmp_path / "cache"),
        "results_dir": tmp_path / "results",
    }


def test_a_run_is_made_from_keywords(options):
    report = prism.run(**options, samples=4, reasoning={"max_tokens": 64})
    assert (report.status, len(report.frame())) == (prism.RunStatus.COMPLETE, 4)
    assert report.config.reasoning == prism.SamplingConfig(max_tokens=64)


def test_keywords_replace_a_configuration_s_fields(options):
    config = prism.RunConfig(**{**options, "benchmark": str(options["benchmark"])})
    report = prism.run(config, mode="blind", perceiver=None)
    assert (report.config.mode, report.config.perceiver) == (prism.Arm.BLIND, None)
    assert prism.run(config).config == config


def test_a_registry_may_be_given(options):
    registry = prism.load_registry().merged({"mine": ScriptedModel(replies=("A",))})
    assert {row["reply"] for row in prism.run(**options | {"reasoner": "mine"}, registry=registry).rows()} == {"A"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"benchmrak": "x"}, r"unknown key 'benchmrak' - did you mean 'benchmark'"),
        ({"mode": "alll"}, "mode: "),
        ({"benchmark": None}, r"no benchmark is given: name it with benchmark=\.\.\."),
        ({"mode": ["all", "blind"]}, "these options describe 2 runs; "),
        ({"reasoner": "nobody"}, "unknown model 'nobody'"),
        ({"reasoner": "m\ud800"}, r"reasoner: 'm\\ud800' contains a surrogate"),
    ],
)
async def test_mistakes_are_configuration_errors(options, changed, message):
    for call in (prism.run, prism.plan):
        with pytest.raises(prism.ConfigError, match=message):
            call(**options | changed)
    with pytest.raises(prism.ConfigError, match=message):
        await prism.arun(**options | changed)


def test_a_benchmark_in_place_of_a_configuration_is_an_error_that_says_how_to_name_it(options):
    for call in (prism.run, prism.plan, prism.run_many):
        with pytest.raises(prism.ConfigError, match=r"^'a\.tsv' is no RunConfig: .* such as benchmark='a\.tsv'$"):
            call("a.tsv", reasoner=options["reasoner"])  # type: ignore[arg-type]  # the mistake under test


def test_options_of_multiple_runs_are_an_error_that_says_what_to_use(options):
    lists = options | {"mode": ["all", "blind"]}
    with pytest.raises(prism.ConfigError, match=r"^these options describe 2 runs; use run_many$"):
        prism.run(**lists)
    with pytest.raises(prism.ConfigError, match=r"^these options describe 2 runs; plan them one at a time$"):
        prism.plan(**lists)


def test_lists_are_every_combination(options):
    reports = prism.run_many(**options | {"mode": ("all", prism.Arm.BLIND)})
    assert [report.config.mode.name for report in reports] == ["all", "blind"]
    again = prism.run_many([report.config for report in reports], samples=2)
    assert [len(list(report.rows())) for report in again] == [2, 2]
    with pytest.raises(prism.ConfigError, match="no run is given"):
        prism.run_many([])


def test_a_plan_counts_the_calls_that_are_left(options):
    before = prism.plan(**options)
    assert before.plan.stages["perceive"].to_call > 0
    assert before.forecast.cost is not None
    prism.run(**options)
    after = prism.plan(**options).plan
    assert [stage.to_call for stage in after.stages.values()] == [0, 0]


def test_a_run_that_names_a_judge_is_judged(options, chaos_server):
    server = chaos_server(says("B"))
    models = {
        "mumbler": ScriptedModel(replies=MUMBLES),
        "judge": ApiModel.model_validate(paid_model(server, price=None)),
    }
    named = options | {"reasoner": "mumbler", "judge": "judge", "models": models}

    async def cell():
        return prism.run(**named)

    report = asyncio.run(cell())  # the judge's test request and its reviews run in the running loop as well
    assert report.judged is not None
    assert report.judged.overall.unanswered < report.scores.overall.unanswered
    assert asyncio.run(prism.arun(**named)).judged == report.judged


def test_a_blocking_run_inside_a_running_loop_works(options):
    async def cell():
        report = prism.run(**options)
        planned = prism.plan(**options)
        return report, planned, prism.run_many(**options | {"mode": ["all", "blind"]})

    report, planned, many = asyncio.run(cell())
    assert report.status is prism.RunStatus.COMPLETE
    assert planned.plan.stages["reason"].to_call == 0
    assert [each.status.value for each in many] == ["complete", "complete"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupting_a_cell_drains_the_run_and_the_same_cell_resumes(options, number):
    slow = {"scripted": ScriptedModel(replies=("A",), delay=0.2)}

    async def cell(**more):
        return prism.run(**options | more)

    begun = threading.Event()

    class Watch:
        def __init__(self, progress):
            pass

        async def __aenter__(self):
            begun.set()

        async def __aexit__(self, *_):
            pass

    def interrupt():
        begun.wait()
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=interrupt)
    sender.start()
    report = asyncio.run(cell(models=slow, concurrency=None, watch=Watch))
    sender.join()
    assert report.status is prism.RunStatus.INTERRUPTED
    assert asyncio.run(cell()).status is prism.RunStatus.COMPLETE


async def test_an_awaited_run_leaves_the_loop_free(options):
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    report = await prism.arun(**options)
    many = await prism.arun_many(**options | {"mode": ["all", "blind"]})
    ticking.cancel()
    assert (report.status, len(many)) == (prism.RunStatus.COMPLETE, 2)
    assert ticks > 1
