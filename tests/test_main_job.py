"""Tests of whole runs on real models: in-process vLLM describes, a vLLM OpenAI server answers, scores come out.

The two embedded models run PrismScenes, as in the demo, so the accuracies are meaningful.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from operator import eq
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pytest

from prism_engine.api.build.parts import assembled
from prism_engine.api.results.run_folder import Layout, write_results
from prism_engine.backends.base import Backend
from prism_engine.config import ApiModel, Arm, Limits, RunConfig, SamplingConfig, VllmModel, load_registry
from prism_engine.engine.journal import Journal
from prism_engine.engine.progress import Progress
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.scenes import description, write_benchmark
from prism_engine.scenes.table import rows as drawn_rows

from .conftest import SERVED_NAME, SMALL

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.report import Scores

QUESTIONS = 204
"""Enough for every question kind to occur about equally often."""
SEED = 12
RESULTS = ("predictions.jsonl", "predictions.parquet", "scores.json", "scores.csv", "scores.md")
WORD_FOR_WORD = 0.8
"""Minimum share of exactly right descriptions."""
PRISM, ORACLE, BLIND = 0.75, 0.85, 0.4
"""Bounds of the accuracies: minimum for the first two, maximum for the last; chance is 0.25."""

SECOND_RUN = """
import sys
from prism_engine import api
from prism_engine.config import RunConfig, load_registry

report = api.run(RunConfig.model_validate_json(sys.argv[1]), load_registry())
assert report.status.value == "complete", report
calls = report.progress.meters["perceive"].calls + report.progress.meters["reason"].calls
heavy = {"vllm", "torch", "transformers"} & set(sys.modules)
print(calls, sorted(heavy))
"""


class Kept(Backend):
    """The suite's engine, which a run must not close."""

    def __init__(self, engine):
        self._engine = engine
        self.calls = 0

    @property
    def capacity(self):
        return self._engine.capacity

    async def generate(self, call):
        self.calls += 1
        return await self._engine.generate(call)

    def drain(self):
        pass

    async def aclose(self):
        pass


class Ran(NamedTuple):
    """The outcome of a run."""

    progress: Progress
    scores: Scores
    rows: list[dict[str, Any]]
    folder: Path
    perceiver: Kept | None

    @property
    def accuracy(self):
        return self.scores.overall.accuracy


@pytest.fixture(scope="module")
def right():
    """The gold description of each row's picture."""
    return [description(scene) for scene, _, _ in drawn_rows(QUESTIONS, SEED)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder with the benchmark, the cache and the results, shared by all runs of this module."""
    folder = tmp_path_factory.mktemp("main-job")
    with (folder / "PrismScenes.tsv").open("w", encoding="utf-8", newline="") as file:
        write_benchmark(file, QUESTIONS, SEED)
    return folder


def configured(folder, url, mode=Arm.ALL):
    """Return the configuration of a run with both embedded models, the reasoner behind the suite's server."""
    return RunConfig(
        benchmark=str(folder / "PrismScenes.tsv"),
        perceiver="nano-captioner",
        reasoner="nano-reasoner",
        mode=mode,
        perception=SamplingConfig(max_tokens=128),
        reasoning=SamplingConfig(max_tokens=128),
        cache_dir=folder / "cache",
        results_dir=folder / "results",
        models={
            "nano-captioner": VllmModel(model="embedded:captioner", engine=SMALL | {"max_num_seqs": 8}),
            "nano-reasoner": ApiModel(
                model=SERVED_NAME,
                base_url=url,
                api_key_env=None,
                limits=Limits(requests_per_minute=6000, tokens_per_minute=2_000_000, concurrency=16),
            ),
        },
    )


async def ran(config, engine):
    """Run on the suite's engine instead of the run's own; everything else is as in `prism run`."""
    layout = Layout.of(config, "PrismScenes", "0" * 64)
    with assembled(config, load_registry(), look_only=False) as parts:
        seeing = parts.models.get("perceiver")
        perceiver = None
        if seeing is not None:
            perceiver = seeing.backend = Kept(engine)
        journal = Journal(layout.folder / "journal.jsonl", QUESTIONS)
        progress = Progress(QUESTIONS, parts.meters)
        await execute(parts.run(journal), progress, Stop())
        folded = write_results(layout, journal, parts, progress, "complete")
    rows = [orjson.loads(line) for line in (layout.folder / "predictions.jsonl").read_bytes().splitlines()]
    assert folded is not None
    assert [row["position"] for row in rows] == list(range(QUESTIONS))
    assert (progress.done, progress.failed, folded.scores.overall.scored) == (QUESTIONS, 0, QUESTIONS)
    return Ran(progress, folded.scores, rows, layout.folder, perceiver)


def descriptions(run):
    """Return each row's description, as the reasoner received it."""
    return [row["description"] for row in run.rows]


@pytest.mark.vllm
@pytest.mark.xdist_group("vllm")
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
class TestPrismScenes:
    async def test_pictures_in_scores_out_and_a_second_run_calls_nothing(self, vllm_engine, vllm_server, folder, right):
        config = configured(folder, await vllm_server.start())
        first = await ran(config, vllm_engine)
        assert first.accuracy >= PRISM
        assert sum(map(eq, descriptions(first), right)) >= WORD_FOR_WORD * QUESTIONS
        pictures = {image for row in first.rows for image in row["images"]}
        assert first.perceiver.calls == first.progress.meters["perceive"].calls == len(pictures)
        assert 0 < first.progress.meters["reason"].calls <= QUESTIONS

        written = {name: (first.folder / name).read_bytes() for name in RESULTS}
        command = [sys.executable, "-c", SECOND_RUN, config.model_dump_json()]
        second = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        assert second.stdout.splitlines()[-1:] == ["0 []"], second.stderr
        assert {name: (first.folder / name).read_bytes() for name in RESULTS} == written

    async def test_gold_descriptions_give_the_reasoner_s_ceiling(self, vllm_engine, vllm_server, folder, right):
        oracle = await ran(configured(folder, await vllm_server.start(), Arm.ORACLE), vllm_engine)
        assert oracle.accuracy >= ORACLE
        assert oracle.perceiver is oracle.progress.meters.get("perceive") is None
        assert descriptions(oracle) == right

    async def test_the_vlm_answers_by_itself_from_the_pictures(self, vllm_engine, vllm_server, folder):
        direct = await ran(configured(folder, await vllm_server.start(), Arm.DIRECT), vllm_engine)
        assert direct.perceiver.calls == direct.progress.meters["direct"].calls == QUESTIONS
        assert set(descriptions(direct)) == {None}

    async def test_blind_answers_are_near_chance(self, vllm_engine, vllm_server, folder):
        blind = await ran(configured(folder, await vllm_server.start(), Arm.BLIND), vllm_engine)
        assert blind.accuracy <= BLIND
        assert set(descriptions(blind)) == {None}
