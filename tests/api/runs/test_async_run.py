"""`arun`: whole runs that leave the caller's event loop free."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from prism_engine import api
from prism_engine.config import Arm, RunConfig, ScriptedModel, load_registry
from prism_engine.errors import ConfigError
from tests.shapes import write_shapes


@pytest.fixture
def config(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 12, 0)
    return RunConfig(
        benchmark=str(tmp_path / "shapes.tsv"),
        perceiver="scripted",
        reasoner="scripted",
        cache_dir=tmp_path / "cache",
        results_dir=tmp_path / "results",
    )


async def test_a_run_leaves_the_loop_free_and_shows_progress(config):
    ticks, seen = 0, []

    @asynccontextmanager
    async def watch(progress):
        seen.append(threading.current_thread())
        yield
        seen.append(progress)

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    report = await api.arun(config, load_registry(), watch=watch)
    ticking.cancel()
    assert report.status is api.RunStatus.COMPLETE
    assert (report.folder / "predictions.jsonl").is_file()
    assert ticks > 1
    assert seen[0] is not threading.main_thread()
    assert len(seen) == 2


async def test_several_runs_share_their_calls(config):
    reports = await api.arun_many([config.in_mode(Arm.ALL), config.in_mode(Arm.BLIND)], load_registry())
    assert [report.status.value for report in reports] == ["complete", "complete"]


async def test_errors_are_raised(config):
    with pytest.raises(ConfigError, match="unknown model"):
        await api.arun(config.model_copy(update={"perceiver": "nobody"}), load_registry())


async def test_cancelling_stops_the_run_and_the_same_one_resumes(config):
    slow = config.model_copy(update={"models": {"scripted": ScriptedModel(replies=("A",), delay=30)}})
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    @asynccontextmanager
    async def watch(_progress):
        loop.call_soon_threadsafe(begun.set)
        yield

    task = asyncio.create_task(api.arun(slow, load_registry(), watch=watch))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not list((config.results_dir).rglob("predictions.jsonl"))
    assert (await api.arun(config, load_registry())).status is api.RunStatus.COMPLETE
