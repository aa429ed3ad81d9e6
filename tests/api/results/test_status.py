"""Status files of runs, for other shells to read."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from prism_engine import api
from prism_engine.api import find_run_state, run_states
from prism_engine.api.results.status import STATUS_NAME, RunState
from prism_engine.config import RunConfig, load_registry
from prism_engine.errors import ConfigError, UserError
from tests.shapes import write_shapes

SCRIPTED = {"backend": "scripted", "replies": ["A"]}


@pytest.fixture
def config(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 6, 0)
    return RunConfig.model_validate(
        {
            "benchmark": str(tmp_path / "shapes.tsv"),
            "perceiver": "vlm",
            "reasoner": "llm",
            "cache_dir": tmp_path / "cache",
            "results_dir": tmp_path / "results",
            "models": {"vlm": SCRIPTED, "llm": SCRIPTED},
        }
    )


def written(folder, **changes):
    """Write a status file as another process would have."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "state": "running",
        "pid": os.getpid(),
        "cwd": str(folder),
        "updated_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "progress": {},
        "config": {},
    }
    path = folder / STATUS_NAME
    path.write_bytes(orjson.dumps(content | changes))
    return path


def test_a_finished_run_says_so_and_its_configuration_can_be_resumed(config):
    report = api.run(config, load_registry())
    (one,) = run_states(config.results_dir)
    assert (one.folder, one.state, one.cwd) == (report.folder, "complete", Path.cwd())
    assert one.progress["samples"] == {"total": 6, "done": 6, "cached": 0, "failed": 0, "not_run": 0}
    assert one.run_config() == config


def test_models_of_other_files_are_part_of_the_resumed_configuration(config):
    registry = load_registry().merged(config.models)
    api.run(config.model_copy(update={"models": {}}), registry)
    (one,) = run_states(config.results_dir)
    assert one.run_config().models == config.models


def test_while_it_runs_others_can_see_its_progress(config):
    slow = {name: spec.model_copy(update={"delay": 0.1}) for name, spec in config.models.items()}
    seen = []

    @asynccontextmanager
    async def watch(_progress):
        async def look():
            while not seen:
                seen.extend(run_states(config.results_dir))
                await asyncio.sleep(0.01)

        task = asyncio.create_task(look())
        yield
        await task

    api.run(config.model_copy(update={"models": slow}), load_registry(), watch=watch)
    (one,) = seen
    assert one.state == "running"
    assert one.progress["samples"]["total"] == 6


def test_a_run_whose_process_is_gone_was_killed(tmp_path):
    process = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    assert RunState.read(written(tmp_path, pid=int(process.stdout))).state == "killed"
    assert RunState.read(written(tmp_path)).state == "running"
    silent = datetime.now(UTC) - timedelta(minutes=5)
    assert RunState.read(written(tmp_path, updated_at=silent.isoformat())).state == "killed"
    assert RunState.read(written(tmp_path, pid=1)).state == "running"  # another user's, or ours as root


def test_a_run_is_found_by_its_folder_a_part_of_its_name_or_as_the_latest(tmp_path):
    old = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    one, other = tmp_path / "generic/MMStar/vlm/gpt", tmp_path / "generic/MMStar/vlm/llama"
    written(one, updated_at=old, state="complete")
    written(other, state="complete")
    assert find_run_state(tmp_path, None).folder == other
    assert find_run_state(tmp_path, "gpt").folder == one
    assert find_run_state(tmp_path, str(one)).folder == one
    with pytest.raises(UserError, match="matches 2 runs"):
        find_run_state(tmp_path, "MMStar")
    with pytest.raises(UserError, match="no run's name has 'claude' in it"):
        find_run_state(tmp_path, "claude")


def test_a_whole_name_wins_over_a_part_of_one(tmp_path):
    names = ("MMStar/vlm/gpt", "MMStar/vlm/gpt-2", "MMStar/vlm/gpt/judged-gpt", "other/MMStar/vlm/gpt-2")
    for name in names:
        written(tmp_path / name, state="complete")
    assert find_run_state(tmp_path, "MMStar/vlm/gpt").folder == tmp_path / names[0]
    assert find_run_state(tmp_path, "judged-gpt").folder == tmp_path / names[2]
    assert find_run_state(tmp_path, "other/MMStar").folder == tmp_path / names[3]
    with pytest.raises(UserError, match="matches"):
        find_run_state(tmp_path, "vlm/gpt-2/")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"state": "complete"}', b'{"updated_at": 3, "state": "x"}'])
def test_invalid_status_files_are_named_and_do_not_hide_the_others(tmp_path, content):
    written(tmp_path / "good", state="complete")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / STATUS_NAME).write_bytes(content)
    assert [one.folder.name for one in run_states(tmp_path)] == ["good"]
    with pytest.raises(ConfigError, match=r"bad/status\.json"):
        RunState.read(tmp_path / "bad" / STATUS_NAME)


def test_a_configuration_of_another_version_is_an_error_that_says_what_to_do(tmp_path):
    one = RunState.read(written(tmp_path, config={"benchmark": "x", "perceivers": "y"}))
    with pytest.raises(ConfigError, match="repeat the run's own command"):
        one.run_config()
