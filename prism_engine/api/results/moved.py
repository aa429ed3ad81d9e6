"""Finds the files of a run whose folders have moved since it was started."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prism_engine.api.build.parts import STORE_NAME
from prism_engine.datasets import data_roots, find_benchmark
from prism_engine.errors import ConfigError, UserError

if TYPE_CHECKING:
    from prism_engine.api.results.status import RunState
    from prism_engine.config import RunConfig


def moved_config(state: RunState, config: RunConfig) -> RunConfig:
    """Return a run's configuration with its files where they can be found; relative paths start in the current folder.

    If the folder in which the run was started is gone, the absolute paths that were below it are looked up below the
    current folder, too.
    """
    changes: dict[str, object] = {}
    for key in ("cache_dir", "descriptions", "benchmark"):
        value = getattr(config, key)
        if value is not None:
            changes[key] = type(value)(_found(Path(value), state.cwd))
    if config.instruction.startswith("@"):
        changes["instruction"] = f"@{_found(Path(config.instruction[1:]), state.cwd)}"
    return config.model_copy(update=changes)


def results_dir_of(state: RunState, config: RunConfig) -> Path:
    """Return the results folder that a run's folder is in now.

    Raises:
        UserError: its folder was renamed or moved out of it.
    """
    folder = state.folder.absolute()
    if state.place is None:  # of an earlier version
        depth = 4 if config.mode.describes and config.mode.answers else 3
        return folder.parents[depth - 1] if len(folder.parents) >= depth else folder.parent
    place = Path(state.place).parts
    if not place or folder.parts[-len(place) :] != place:
        raise UserError(
            f"{folder}: was {state.place!r} in its results folder, where its descriptions and its ledger are; move the "
            "whole results folder, or give this one its name back"
        )
    return folder.parents[len(place) - 1]


def require_files(config: RunConfig, state: RunState, *, new_cache: bool = False) -> None:
    """Check that the benchmark's file and the cache of an earlier run are where its configuration says.

    Args:
        new_cache: the user named the cache's folder, which may be empty.

    Raises:
        UserError: one is not; names it and the option.
    """
    try:
        find_benchmark(config.benchmark, data_roots(os.environ))
    except ConfigError as error:
        raise UserError(f"the run's benchmark has moved: {error}; --benchmark FILE says where it is now") from error
    finished = state.finished_calls
    cache = config.cache_dir / STORE_NAME
    if finished and not new_cache and not cache.exists():
        raise UserError(
            f"{cache}: the cache with the {finished:,} finished calls of this run is not there, so they would be made "
            "and paid for again; --cache-dir says where it is now (an empty folder makes them again)"
        )


def _found(path: Path, started_in: Path) -> Path:
    """Return the path; one below a folder that is gone is replaced by its counterpart below the current one, if any."""
    if path.is_absolute() and not started_in.is_dir() and path.is_relative_to(started_in) and not path.exists():
        counterpart = Path.cwd() / path.relative_to(started_in)
        return counterpart if counterpart.exists() else path
    return path
