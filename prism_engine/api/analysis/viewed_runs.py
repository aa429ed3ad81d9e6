"""Gathers the rows of chosen runs for the viewer, those of runs in progress included."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.api.analysis.report_file import cache_folders, find_prompts
from prism_engine.api.analysis.rescored import require_one_version
from prism_engine.api.results.status import KILLED, RUN, RUNNING, STATUS_NAME, RunState
from prism_engine.errors import ConfigError, UserError
from prism_engine.report.effects.analysis import aligned_benchmarks
from prism_engine.report.effects.failures import judge
from prism_engine.report.scores.finished import PREDICTIONS, find_runs
from prism_engine.report.scores.manifest import MANIFEST
from prism_engine.report.scores.predictions import DRAW_FIELDS, draw_of
from prism_engine.report.viewer.overview import places_of
from prism_engine.report.viewer.report_data import ReportData
from prism_engine.report.viewer.row_index import HEADER, write_index
from prism_engine.scoring import known_profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from prism_engine.report.scores.finished import FinishedRun

JOURNAL: Final = "journal.jsonl"
DRAWS: Final = "draws.jsonl"
_NAMING_PARTS: Final = 4
"""Folders at the end of a run's path that name its instruction, benchmark and models."""


@dataclass(frozen=True)
class Indexed:
    """What the index of chosen runs has besides the report's own data."""

    folders: list[Path]
    """The runs' folders, in the order of their ids in the report."""
    pictures: list[Path]
    """Where their pictures may be."""
    waiting: list[Path]
    """Runs in progress without a finished sample."""


def rows_file(folder: Path, state: RunState | None) -> Path | None:
    """Return the file with a run's rows: its journal until it has finished; None if it has no rows.

    Args:
        state: of the run; None if it has no status.
    """
    unfinished = state is not None and state.command == RUN and state.state in (RUNNING, KILLED)
    names = (JOURNAL, PREDICTIONS) if unfinished else (PREDICTIONS,)
    return next((folder / name for name in names if (folder / name).is_file()), None)


def index_runs(folders: Sequence[Path], out: Path, cache_dir: Path | None = None) -> Indexed:
    """Write the rows of runs side by side as an index that a server pages; see `RowIndex`.

    Args:
        folders: of runs, finished or in progress.
        out: an empty folder for the index.
        cache_dir: the cache with the prompts; None takes that of each run.

    Raises:
        UserError: no run has a row, one cannot be read, or they cannot be shown side by side.
    """
    runs, waiting = finished_so_far(folders, out / "unfinished")
    benchmarks = aligned_benchmarks(runs)
    judged = [one for aligned in benchmarks.values() for one in judge(aligned)]
    own = _own_folders(folders, out / "unfinished")
    shown = [run for aligned in benchmarks.values() for run in aligned.runs]
    caches = {
        run.folder: [cache_dir]
        if cache_dir is not None
        else cache_folders(replace(run, folder=own.get(run.folder, run.folder)))
        for run in shown
    }
    with ExitStack() as stores:
        find = {folder: found for folder, each in caches.items() if (found := find_prompts(each, stores))}
        write_index(ReportData(benchmarks, judged, find), out)
    indexed = [own.get(run.folder, run.folder) for run in shown]
    _name_places(out / HEADER, indexed)
    pictures = list(dict.fromkeys(folder / "images" for each in caches.values() for folder in each))
    return Indexed(indexed, pictures, waiting)


def _name_places(header: Path, folders: Sequence[Path]) -> None:
    """Name the runs' own folders: those of runs in progress are copies."""
    content = orjson.loads(header.read_bytes())
    for run, place in zip(content["runs"], places_of(folders), strict=True):
        run["place"] = place
    header.write_bytes(orjson.dumps(content))


def finished_so_far(folders: Sequence[Path], copies: Path) -> tuple[list[FinishedRun], list[Path]]:
    """Read runs, those in progress as far as they are.

    Args:
        copies: a folder for the rows of runs in progress, in the form of finished ones.

    Returns:
        The runs with at least one row, and the folders of those without.

    Raises:
        UserError: as `find_runs`, no run has a row, or versions of prism's rules differ.
    """
    states = {folder: _state(folder) for folder in folders}
    files = {folder: rows_file(folder, state) for folder, state in states.items()}
    waiting = [folder for folder, file in files.items() if file is None]
    digests = _digests(folder for folder, file in files.items() if file is not None and file.name == PREDICTIONS)
    paths = []
    for folder, file in files.items():
        if file is not None and file.name == PREDICTIONS:
            paths.append(folder)
        elif file is not None and (state := states[folder]) is not None:
            copy = _copy_place(folder, copies)
            written = _copy_unfinished(file, state, copy, digests)
            (paths if written else waiting).append(copy if written else folder)
    if not paths:
        raise UserError("no sample of these runs has finished yet" if waiting else "no run is chosen")
    runs = find_runs(paths)
    require_one_version(runs)
    return runs, waiting


def is_finished(folder: Path) -> bool:
    """Whether a run has ended with predictions, so that its rows are final."""
    file = rows_file(folder, _state(folder))
    return file is not None and file.name == PREDICTIONS


def _state(folder: Path) -> RunState | None:
    try:
        return RunState.read(folder / STATUS_NAME)
    except ConfigError:
        return None


def _digests(folders: Iterable[Path]) -> dict[str, Any]:
    """Return the digests of benchmarks by name, as finished runs have them: one in progress has not noted its own."""
    found = {}
    for folder in folders:
        with suppress(OSError, ValueError, KeyError, TypeError):
            benchmark = orjson.loads((folder / MANIFEST).read_bytes())["benchmark"]
            found[benchmark["name"]] = benchmark["sha256"]
    return found


def _copy_place(folder: Path, copies: Path) -> Path:
    """Return a place whose last parts are those of the run's folder, which name its models."""
    absolute = folder.absolute()
    own = hashlib.sha256(os.fsencode(absolute)).hexdigest()
    return copies.joinpath(own, *absolute.parts[-_NAMING_PARTS:])


def _own_folders(folders: Sequence[Path], copies: Path) -> dict[Path, Path]:
    return {_copy_place(folder, copies): folder for folder in folders}


def _copy_unfinished(journal: Path, state: RunState, copy: Path, digests: Mapping[str, Any]) -> bool:
    """Write a journal's rows in the form of a finished run; return whether there is one."""
    rows: dict[int, bytes] = {}
    drawn = False
    with suppress(FileNotFoundError), journal.open("rb") as file:  # it is deleted when the run has finished
        for line in file:
            if not line.endswith(b"\n"):
                break  # still being written
            with suppress(ValueError, TypeError, AttributeError):
                row = orjson.loads(line)
                drawn = drawn or row.get(DRAW_FIELDS[0]) is not None or row.get(DRAW_FIELDS[1]) is not None
                rows[int(row["position"])] = line
    if not rows:
        return False
    copy.mkdir(parents=True)
    lines = [rows[position] for position in sorted(rows)]
    first = [line for line in lines if draw_of(orjson.loads(line)) == (0, 0, 0)] if drawn else lines
    (copy / PREDICTIONS).write_bytes(b"".join(first))
    if drawn:
        (copy / DRAWS).write_bytes(b"".join(lines))
    (copy / MANIFEST).write_bytes(orjson.dumps(_manifest(state, digests)))
    return bool(first)


def _manifest(state: RunState, digests: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run in progress will say about itself, as far as it is known."""
    folder, config = state.folder.absolute(), state.config
    named = folder.parents[1] if config.get("mode") in ("all", "reasoning") else folder.parent
    name = named.name.removesuffix(f"-first{config.get('samples')}")
    profile = config.get("profile")
    with suppress(ConfigError):
        profile = known_profile(str(profile))
    return {
        "schema": 2,
        "status": state.state,
        "config": config,
        "benchmark": {"name": name, "sha256": digests.get(name)},
        "scoring": {"profile": profile},
    }
