"""Status files: progress of a run, judging or grading, kept up to date next to its results for other shells to read."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson
from pydantic import ValidationError

from prism_engine.api.results.provenance import STAMP, is_own, stamp_of
from prism_engine.config import Arm, RunConfig
from prism_engine.config.run_config import STORED
from prism_engine.errors import ConfigError, UserError
from prism_engine.report import replacing
from prism_engine.report.scores.manifest import check_schema
from prism_engine.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prism_engine.config import ModelSpec
    from prism_engine.config.run_config import CommandConfig
    from prism_engine.engine.progress import Progress

STATUS_NAME = "status.json"
SCHEMA = 2
"""Version of the file's format; a file without one has version 1."""
RUN = "run"
RUNNING = "running"
KILLED = "killed"
"""A run whose file says that it is running but whose process is gone."""
UPDATE_SECONDS = 2.0
"""Time between two updates of the file."""
_STALE_SECONDS = 60.0  # age of the file after which a live process with that id is taken for another one


@dataclass(frozen=True)
class RunState:
    """One run as recorded in its status file."""

    folder: Path
    state: str
    """`running`, `killed`, or how it ended: a `RunStatus`."""
    updated: datetime
    progress: dict[str, Any]
    """`Progress.snapshot`."""
    config: dict[str, Any]
    cwd: Path
    """Working directory of the command; relative paths in the configuration start there."""
    command: str = RUN
    """The command whose progress it is: `run`, `judge` or `grade`."""
    is_own: bool = False
    """Whether this user's prism wrote it; what a received file says is never executed without consent."""
    place: str | None = None
    """The folder, as it was below the results folder; None if an earlier version wrote the file."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a status file.

        Raises:
            ConfigError: it is no status file.
            NewerFileError: a newer version of prism wrote it, in a format that this one does not know.
        """
        try:
            content = upgraded(path, orjson.loads(path.read_bytes()))
            updated = datetime.fromisoformat(content["updated_at"])
            age = (datetime.now(UTC) - updated).total_seconds()
            gone = content["state"] == RUNNING and (age > _STALE_SECONDS or not _is_alive(content["pid"]))
            state = KILLED if gone else content["state"]
            command = content.get("command", RUN)
            if not (isinstance(state, str) and isinstance(command, str)):
                raise TypeError("state and command must be words")  # noqa: TRY301 - as any other damage
            return cls(
                path.parent,
                state,
                updated,
                content["progress"],
                content["config"],
                Path(content["cwd"]),
                command,
                is_own(content),
                place if isinstance(place := content.get("place"), str) else None,
            )
        except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{path}: cannot be read as a run's status ({error})") from error

    @property
    def tags(self) -> dict[str, str]:
        """Labels of the run; empty if it has none."""
        tags = self.config.get("tags")
        return {str(key): str(value) for key, value in tags.items()} if isinstance(tags, dict) else {}

    def has_tag(self, wanted: str) -> bool:
        """Return whether the run has a tag: `KEY=VALUE`, or `KEY` for any value."""
        key, equals, value = wanted.partition("=")
        return key in self.tags and (not equals or self.tags[key] == value)

    @property
    def models(self) -> dict[str, ModelSpec]:
        """The models that the run's own configuration defines; none if it was received.

        Raises:
            ConfigError: as `run_config`.
        """
        config = self.run_config()
        return config.models if self.is_own else {}

    @property
    def finished_calls(self) -> int:
        """How many calls are in the cache for this run, as far as its progress says."""
        stages = self.progress.get("stages")
        meters = [meter for meter in stages.values() if isinstance(meter, dict)] if isinstance(stages, dict) else []
        counts = [meter.get(key) for meter in meters for key in ("cached", "calls")]
        return sum(count for count in counts if isinstance(count, int))

    def run_config(self) -> RunConfig:
        """Return the configuration of the run; its deadline may have passed.

        Raises:
            ConfigError: another version of prism wrote it, or it is not a run's.
        """
        if self.command != RUN:
            raise ConfigError(
                f"{self.folder}: results of `prism {self.command}`, not a run; repeat that command instead"
            )
        try:
            return RunConfig.model_validate(self.config, context=STORED)
        except ValidationError as error:
            raise ConfigError(
                f"{self.folder / STATUS_NAME}: written by another version of prism; repeat the run's own command "
                f"instead ({error.errors()[0]['msg']})"
            ) from error


def upgraded(path: Path, status: dict[str, Any]) -> dict[str, Any]:
    """Return a status file's content in the current format.

    Version 2 gathers the stages below `stages`, by their keys; before, they were among the numbers of `progress`, named
    `write`, `describe` and `answer`.

    Args:
        path: where it was read, for messages.

    Raises:
        ValueError, NewerFileError: as `check_schema`.
    """
    if check_schema(path, status, SCHEMA) > 1:
        return status
    names = {"write": "write", "describe": "perceive", "answer": "reason"}
    if status["config"].get("mode") == Arm.DIRECT.name:
        names["answer"] = "direct"
    progress = {name: value for name, value in status["progress"].items() if name not in names}
    stages = {key: status["progress"][name] for name, key in names.items() if name in status["progress"]}
    return {"schema": SCHEMA, **status, "progress": {**progress, "stages": stages}}


def run_states(results_dir: Path) -> list[RunState]:
    """Return all runs below a results folder, latest last, skipping files that cannot be read.

    Raises:
        NewerFileError: as `RunState.read`.
    """
    states = []
    for path in results_dir.rglob(STATUS_NAME):
        with suppress(ConfigError):
            states.append(RunState.read(path))
    return sorted(states, key=lambda state: (state.updated, state.folder))


def find_run_state(results_dir: Path, run: str | None) -> RunState:
    """Return the run whose folder is `run` or whose path contains it; the latest one if `run` is None.

    Runs are preferred to what `prism judge` and `prism grade` made of them, and whole folder names to parts of names.

    Raises:
        UserError: no run matches, or more than one; or as `run_states`.
    """
    states = run_states(results_dir)
    if run is None and states:
        return states[-1]
    if run is not None and (Path(run) / STATUS_NAME).is_file():
        return RunState.read(Path(run) / STATUS_NAME)
    names = {str(state.folder.relative_to(results_dir)): state for state in states}
    part = (run or "").strip("/")
    if part in names:  # may be part of another one, too: `MMStar/a` of `MMStar/a-2`
        return names[part]
    matching = [name for name in names if part in name] if part else []
    matching = [name for name in matching if names[name].command == RUN] or matching
    whole = [name for name in matching if f"/{part}/" in f"/{name}/"]
    if len(whole) == 1 or len(matching) == 1:
        return names[(whole or matching)[0]]
    if not matching:
        if not names:
            named = "no runs" if run is None else f"no run {run!r}, nor any other"
            raise UserError(f"{results_dir}: has {named}; --results-dir names another folder")
        wanted = f"no run's name has {run!r} in it" if part else f"{run!r} names no run"
        raise UserError(
            f"{results_dir}: {wanted}{did_you_mean(part, names) or ';'} `prism runs` lists them (--results-dir for "
            "another folder)"
        )
    raise UserError(f"{run!r} matches {len(matching)} runs, such as {', '.join(matching[:5])}; give more of the name")


@asynccontextmanager
async def keeping_status(
    folder: Path, config: CommandConfig, progress: Progress, command: str = RUN
) -> AsyncIterator[None]:
    """Keep a status file up to date during the block; `write_status` then records how the command ended."""

    async def keep() -> None:
        while True:
            write_status(folder, config, progress, RUNNING, command)
            await asyncio.sleep(UPDATE_SECONDS)

    with suppress(OSError):  # as in `write_status`
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    task = asyncio.create_task(keep(), name="status")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def write_status(folder: Path, config: CommandConfig, progress: Progress, state: str, command: str = RUN) -> None:
    """Write a status. A full disk is ignored here; the cache and the results report it."""
    status = {
        "schema": SCHEMA,
        "command": command,
        "state": state,
        "pid": os.getpid(),
        "cwd": str(Path.cwd()),
        "updated_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "progress": progress.snapshot(),
        "config": config.model_dump(mode="json"),
        "place": _place(folder, config.results_dir),
    }
    status[STAMP] = stamp_of(status)
    with suppress(UserError), replacing(folder / STATUS_NAME) as draft:
        draft.write_bytes(orjson.dumps(status, option=orjson.OPT_INDENT_2))


def _place(folder: Path, results_dir: Path) -> str | None:
    folder, results_dir = folder.absolute(), results_dir.absolute()
    return folder.relative_to(results_dir).as_posix() if folder.is_relative_to(results_dir) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Return whether a process has ended and only waits for its parent to notice, as after a kill in a container."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[:1]
    except OSError:  # a system without /proc
        return False
    return state == [b"Z"]
