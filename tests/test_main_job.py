"""The main job on real parts: vLLM in process describes, a vLLM OpenAI server answers over HTTP, scores come out."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import orjson
import pytest

from prism_engine.api.parts import assembled
from prism_engine.api.results import Layout, write_results
from prism_engine.backends.base import Backend
from prism_engine.config import ApiModel, Limits, Mode, RunConfig, SamplingConfig, VllmModel, load_registry
from prism_engine.demo.shapes import write_shapes
from prism_engine.engine.journal import Journal
from prism_engine.engine.progress import Progress
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop

from .conftest import SERVED_NAME, SMALL

SAMPLES = 200
RESULTS = ("predictions.jsonl", "predictions.parquet", "scores.json", "scores.csv", "scores.md")

SECOND_RUN = """
import sys
from prism_engine import api
from prism_engine.config import RunConfig, load_registry

report = api.run(RunConfig.model_validate_json(sys.argv[1]), load_registry())
assert report.status.value == "complete", report
calls = report.progress.describing.calls + report.progress.answering.calls
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


@pytest.mark.vllm
@pytest.mark.xdist_group("vllm")
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
async def test_pictures_in_scores_out_and_a_second_run_calls_nothing(vllm_engine, vllm_server, checkpoints, tmp_path):
    write_shapes(tmp_path / "Shapes.tsv", SAMPLES, 0)
    config = RunConfig(
        benchmark=str(tmp_path / "Shapes.tsv"),
        perceiver="tiny-vlm",
        reasoner="served",
        perception=SamplingConfig(max_tokens=24),
        reasoning=SamplingConfig(max_tokens=8),
        cache_dir=tmp_path / "cache",
        results_dir=tmp_path / "results",
        models={
            "tiny-vlm": VllmModel(model=str(checkpoints.vlm), engine=SMALL | {"max_num_seqs": 8}),
            "served": ApiModel(
                model=SERVED_NAME,
                base_url=await vllm_server.start(),
                api_key_env=None,
                limits=Limits(requests_per_minute=6000, tokens_per_minute=2_000_000, concurrency=16),
            ),
        },
    )
    layout = Layout.of(config, "Shapes", "0" * 64)
    with assembled(config, load_registry(), look_only=False) as parts:
        assert parts.describing is not None
        assert parts.answering is not None
        perceiver = parts.describing.backend = Kept(vllm_engine)
        journal = Journal(layout.folder / "journal.jsonl", SAMPLES)
        answering = parts.answering.meter
        progress = Progress(SAMPLES, parts.describing.meter, answering)
        await execute(parts.run(journal), progress, Stop())
        scores = write_results(layout, journal, parts, progress, "complete")

    assert (progress.done, progress.failed) == (SAMPLES, 0)
    assert scores is not None
    assert scores.overall.scored == SAMPLES
    rows = [orjson.loads(line) for line in (layout.folder / "predictions.jsonl").read_bytes().splitlines()]
    assert [row["position"] for row in rows] == list(range(SAMPLES))
    assert all(row["description"] and row["reply"] for row in rows)
    assert perceiver.calls == len({image for row in rows for image in row["images"]}) < SAMPLES
    assert 0 < answering.calls <= SAMPLES

    first = {name: (layout.folder / name).read_bytes() for name in RESULTS}
    command = [sys.executable, "-c", SECOND_RUN, config.model_dump_json()]
    second = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert second.stdout.splitlines()[-1:] == ["0 []"], second.stderr
    assert {name: (layout.folder / name).read_bytes() for name in RESULTS} == first


@pytest.mark.vllm
@pytest.mark.xdist_group("vllm")
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
async def test_the_vlm_answers_by_itself_from_the_pictures(vllm_engine, checkpoints, tmp_path):
    write_shapes(tmp_path / "Shapes.tsv", 24, 3)
    config = RunConfig(
        benchmark=str(tmp_path / "Shapes.tsv"),
        perceiver="tiny-vlm",
        mode=Mode.DIRECT,
        reasoning=SamplingConfig(max_tokens=24),
        cache_dir=tmp_path / "cache",
        results_dir=tmp_path / "results",
        models={"tiny-vlm": VllmModel(model=str(checkpoints.vlm), engine=SMALL | {"max_num_seqs": 8})},
    )
    layout = Layout.of(config, "Shapes", "0" * 64)
    with assembled(config, load_registry(), look_only=False) as parts:
        assert parts.answering is not None
        vlm = parts.answering.backend = Kept(vllm_engine)
        journal = Journal(layout.folder / "journal.jsonl", 24)
        progress = Progress(24, None, parts.answering.meter)
        await execute(parts.run(journal), progress, Stop())
        scores = write_results(layout, journal, parts, progress, "complete")
    assert scores is not None
    assert 0 < scores.overall.scored == progress.done <= 24 == progress.finished
    assert 0 < vlm.calls <= 24
    rows = [orjson.loads(line) for line in (layout.folder / "predictions.jsonl").read_bytes().splitlines()]
    assert {row["description"] for row in rows} == {None}
