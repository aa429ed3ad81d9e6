"""Writes finished runs side by side with their pictures into one HTML file."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prism_engine.api.analysis.rescored import comparable_runs
from prism_engine.api.build.parts import STORE_NAME
from prism_engine.api.results.moved import moved_config
from prism_engine.api.results.status import STATUS_NAME, RunState
from prism_engine.cache import Store, prompts
from prism_engine.errors import ConfigError, StoreError, UserError
from prism_engine.report import replacing
from prism_engine.report.effects.analysis import aligned_benchmarks
from prism_engine.report.effects.failures import judge
from prism_engine.report.viewer.html_file import page_pieces
from prism_engine.report.viewer.report_data import ReportData
from prism_engine.report.viewer.thumbnails import SIDE, thumbnails

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prism_engine.report.effects.failures import Judged
    from prism_engine.report.scores.aligned import AlignedRuns
    from prism_engine.report.scores.finished import FinishedRun
    from prism_engine.report.viewer.prompt_templates import FindMessages, Messages

PICTURES = 5000
"""How many pictures a file holds by default: about 30 MB of photographs."""
_START: Final = b"<!doctype html>"


@dataclass(frozen=True)
class ReportFile:
    """The file written, and what is in it."""

    path: Path
    bytes: int
    runs: int
    samples: int
    pictures: int
    """Small copies in the file."""
    missing: int
    """Pictures that are not in the runs' caches."""
    left_out: int
    """Pictures above the limit."""


def write_report(
    paths: Sequence[Path],
    out: Path,
    *,
    pictures: int = PICTURES,
    side: int = SIDE,
    rescore: str | None = None,
    cache_dir: Path | None = None,
) -> ReportFile:
    """Write the runs in these folders into one HTML file that opens from disk, without a server or the network.

    Equal runs, with the same versions of prism and of Pillow, give equal bytes.

    Args:
        paths: folders of runs, or folders with runs below them.
        out: the file; a page that exists is replaced, another file is not. Its folder is created if it does not exist.
        pictures: maximum number of pictures in the file.
        side: pixels of a picture's longer side.
        rescore: score all runs by this profile first; None takes their own scores.
        cache_dir: the cache with the pictures and prompts; None takes that of each run.

    Raises:
        UserError: there is no run, one cannot be read, the file cannot be written or is no page, or versions of
            prism's rules differ.
    """
    benchmarks = aligned_benchmarks(comparable_runs(paths, rescore))
    judged = [one for aligned in benchmarks.values() for one in judge(aligned)]
    return write_aligned(benchmarks, judged, out, pictures=pictures, side=side, cache_dir=cache_dir)


def write_aligned(
    benchmarks: Mapping[str, AlignedRuns],
    judged: Sequence[Judged],
    out: Path,
    *,
    pictures: int = PICTURES,
    side: int = SIDE,
    cache_dir: Path | None = None,
) -> ReportFile:
    """Write runs that are already aligned; see `write_report`.

    Args:
        judged: the verdicts of all decoupled runs.

    Raises:
        UserError: a row is malformed, or the file cannot be written.
    """
    _require_place(out)
    runs = [run for aligned in benchmarks.values() for run in aligned.runs]
    caches = {run.folder: [cache_dir] if cache_dir is not None else cache_folders(run) for run in runs}
    with ExitStack() as stores:
        find = {folder: found for folder, each in caches.items() if (found := find_prompts(each, stores))}
        data = ReportData(benchmarks, judged, find)
        folders = dict.fromkeys(folder / "images" for each in caches.values() for folder in each)
        copies = thumbnails(data.pictures(), list(folders), most=pictures, side=side)
        shown, missing, left_out = len(copies.pictures), copies.missing, copies.left_out
        data.header["pictures"] = {"shown": shown, "missing": missing, "left_out": left_out, "side": side}
        with replacing(out) as draft, draft.open("wb") as file:
            file.writelines(page_pieces(data, copies.pictures))
    samples = sum(len(aligned.samples) for aligned in benchmarks.values())
    return ReportFile(out, out.stat().st_size, len(runs), samples, shown, missing, left_out)


def _require_place(out: Path) -> None:
    """Create the file's folder, and protect what is there if it is no page.

    Raises:
        UserError: it is a folder, or a file that no report would be, or its folder cannot be created.
    """
    if out.is_dir():
        raise UserError(f"{out}: is a folder; name a file, such as {out / 'report.html'}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out}: its folder cannot be created ({error.strerror}).") from error
    if _is_other_file(out):
        raise UserError(f"{out}: exists and is no HTML page; name another file, or delete this one first")


def _is_other_file(out: Path) -> bool:
    """Whether a file is there that is neither empty nor a page, such as a run's predictions."""
    if not out.is_file():
        return False
    try:
        with out.open("rb") as file:
            start = file.read(len(_START))
    except OSError:  # unreadable: writing it will say why not
        return False
    return start.lower() not in (b"", _START)


def cache_folders(run: FinishedRun) -> list[Path]:
    """Return where a run's cache may be: as its status says, also if folders moved, or as its manifest does."""
    folders = []
    for folder in (run.folder, run.folder.parent):  # judged results are inside the run's folder
        try:
            state = RunState.read(folder / STATUS_NAME)
            config = state.run_config()
        except ConfigError:
            continue
        folders += [state.cwd / config.cache_dir, moved_config(state, config).cache_dir]
        break
    else:
        recorded = run.manifest["config"].get("cache_dir")
        folders += [Path(recorded)] if isinstance(recorded, str) else []
    return list(dict.fromkeys(folders))


def find_prompts(folders: Sequence[Path], stores: ExitStack) -> FindMessages | None:
    """Return what finds prompts in the first of these caches that exists; None if none does."""
    for folder in folders:
        if (folder / STORE_NAME).is_file():
            try:
                store = stores.enter_context(Store(folder / STORE_NAME, read_only=True))
            except StoreError:  # damaged: the report does without prompts, and `prism cache verify` says what is wrong
                return None
            return partial(_prompts, store)
    return None


def _prompts(store: Store, keys: Sequence[str]) -> Mapping[str, Messages]:
    try:
        return prompts(store, keys)
    except StoreError:
        return {}
