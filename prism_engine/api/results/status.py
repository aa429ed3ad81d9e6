"""Where runs stand, for other shells: a small file beside each run's results, kept up to date while it goes on."""

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

from prism_engine.config import RunConfig
from prism_engine.errors import ConfigError, UserError
from prism_engine.report import replacing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prism_engine.api.build.parts import Parts
    from prism_engine.engine.progress import Progress

STATUS_NAME = "status.json"
RUNNING = "running"
KILLED = "killed"
"""A run that says it is running, but whose process is gone."""
EVERY = 2.0
"""Seconds between two versions of the file."""
_SILENT = 60.0  # seconds after which a process of that number is taken for another one


@dataclass(frozen=True)
class RunState:
    """One run as its file tells it."""

    folder: Path
    state: str
    """`running`, `killed`, or how it ended: a `RunStatus`."""
    updated: datetime
    progress: dict[str, Any]
    """`Progress.snapshot`."""
    config: dict[str, Any]
    cwd: Path
    """Where the command was given; what is relative in the configuration means: from there."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a status file.

        Raises:
            ConfigError: it is none, or none of this version of prism.
        """
        try:
            found = orjson.loads(path.read_bytes())
            updated = datetime.fromisoformat(found["updated_at"])
            silent = (datetime.now(UTC) - updated).total_seconds()
            gone = found["state"] == RUNNING and (silent > _SILENT or not _is_alive(found["pid"]))
            state = KILLED if gone else found["state"]
            return cls(path.parent, state, updated, found["progress"], found["config"], Path(found["cwd"]))
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{path}: cannot be read as a run's status ({error})") from error

    def run_config(self) -> RunConfig:
        """Return the configuration to go on with.

        Raises:
            ConfigError: another version of prism has written it.
        """
        try:
            return RunConfig.model_validate(self.config)
        except ValidationError as error:
            raise ConfigError(
                f"{self.folder / STATUS_NAME}: its configuration is none of this version of prism; give the run's own "
                f"command again ({error.errors()[0]['msg']})"
            ) from error


def run_states(results_dir: Path) -> list[RunState]:
    """Return all runs below a results folder, the latest last; files that cannot be read are left out."""
    found = []
    for path in results_dir.rglob(STATUS_NAME):
        with suppress(ConfigError):
            found.append(RunState.read(path))
    return sorted(found, key=lambda one: (one.updated, one.folder))


def find_run_state(results_dir: Path, run: str | None) -> RunState:
    """Return the run whose folder is `run`, or has it in its path; the latest one where `run` is None.

    Raises:
        UserError: there is none, or more than one.
    """
    every = run_states(results_dir)
    if run is None and every:
        return every[-1]
    if run is not None and (Path(run) / STATUS_NAME).is_file():
        return RunState.read(Path(run) / STATUS_NAME)
    matching = [one for one in every if run is not None and run.strip("/") in f"{one.folder.relative_to(results_dir)}"]
    if len(matching) == 1:
        return matching[0]
    if not matching:
        raise UserError(f"{results_dir}: no run {run or ''} here; `prism runs` lists them (--results-dir elsewhere)")
    names = ", ".join(str(one.folder.relative_to(results_dir)) for one in matching[:5])
    raise UserError(f"{run!r} means {len(matching)} runs, for example {names}; give more of the name")


@asynccontextmanager
async def keeping_status(folder: Path, parts: Parts, progress: Progress) -> AsyncIterator[None]:
    """Keep a run's file up to date while the block lasts; `write_status` then says how it ended."""

    async def keep() -> None:
        while True:
            write_status(folder, parts, progress, RUNNING)
            await asyncio.sleep(EVERY)

    task = asyncio.create_task(keep(), name="status")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def write_status(folder: Path, parts: Parts, progress: Progress, state: str) -> None:
    """Write where a run stands. A disk that is full is the business of the cache and the results, not of this file."""
    config = parts.config
    known = config.model_copy(update={"models": {**dict(parts.specs.values()), **config.models}})
    status = {
        "state": state,
        "pid": os.getpid(),
        "cwd": str(Path.cwd()),
        "updated_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "progress": progress.snapshot(),
        "config": known.model_dump(mode="json"),
    }
    with suppress(UserError), replacing(folder / STATUS_NAME) as draft:
        draft.write_bytes(orjson.dumps(status, option=orjson.OPT_INDENT_2))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True
