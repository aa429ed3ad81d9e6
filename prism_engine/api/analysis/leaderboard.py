"""A leaderboard of finished runs: filtered by what the registry says of their models, as tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prism_engine.errors import ConfigError, UserError
from prism_engine.report.pages.board import Board, System, board
from prism_engine.report.pages.sheets import Column, Sheet, write_sheet
from prism_engine.report.scores.aligned import align
from prism_engine.report.scores.finished import find_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from prism_engine.config import Registry
    from prism_engine.report.pages.board import BoardRow
    from prism_engine.report.pages.sheets import Cell
    from prism_engine.report.scores.finished import FinishedRun

_CONTESTANTS = ("all", "direct")
_UNIT = {"M": 1e6, "B": 1e9, "T": 1e12}
UNKNOWN = "unknown"


@dataclass(frozen=True)
class BoardFilter:
    """Which systems are shown: each condition that is given must hold, of several values any one."""

    benchmarks: tuple[str, ...] = ()
    """Names; empty takes all that there are."""
    sizes: tuple[str, ...] = ()
    """`<4B`, `4B-10B` (the lower bound belongs to it), `>40B` (from 40B on), or `unknown`."""
    licences: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    baselines: bool = False
    """Also the blind and the oracle arms, which are no contestants."""


@dataclass(frozen=True)
class BoardReport:
    """The board, and what is not on it."""

    board: Board
    table: Sheet
    gaps: Sheet
    left_out: tuple[str, ...]
    """Systems that the conditions leave out."""
    files: tuple[Path, ...]


def make_board(
    paths: Sequence[Path], registry: Registry, wanted: BoardFilter | None = None, *, out: Path | None = None
) -> BoardReport:
    """Rank the runs in these folders.

    A system's size, licence and type are its perceiver's (its reasoner's where it has none): as its run noted them,
    else as the registry says now.

    Args:
        out: a folder for the tables; None writes none.

    Raises:
        UserError: no run is there, one cannot be read, or nothing is left to be shown.
    """
    wanted = wanted or BoardFilter()
    bounds = [_bounds(size) for size in wanted.sizes]
    runs = [run for run in find_runs(paths) if wanted.baselines or run.setting.mode in _CONTESTANTS]
    runs = _of_benchmarks(runs, wanted.benchmarks)
    abouts = {System.of(run.setting): _about(run, registry) for run in runs}
    kept = {system for system, about in abouts.items() if _is_wanted(about, wanted, bounds)}
    if not kept:
        raise UserError("no system is left to be shown; loosen --size, --licence, --type or --benchmark.")
    by_benchmark: dict[str, list[FinishedRun]] = {}
    for run in runs:
        if System.of(run.setting) in kept:
            by_benchmark.setdefault(run.setting.benchmark, []).append(run)
    found = board({name: align(by_benchmark[name]) for name in sorted(by_benchmark)}, abouts)
    table, gaps = board_sheet(found), gap_sheet(found)
    files = _written(table, gaps, out) if out else ()
    out_ones = (" + ".join(filter(None, (one.perceiver, one.reasoner))) for one in abouts if one not in kept)
    return BoardReport(found, table, gaps, tuple(sorted(set(out_ones))), files)


def board_sheet(found: Board) -> Sheet:
    """Lay the board out: a row per system, scores from 0 to 100."""
    columns = (
        Column("system", "System"),
        Column("parameters", "Size"),
        Column("licence", "Licence"),
        Column("type", "Type"),
        Column("rank_sure", "Rank", "count"),
        Column("mean", "Mean", "number"),
        Column("low", "95 % from", "number"),
        Column("high", "to", "number"),
        Column("mean_rank", "Mean rank", "number"),
        *(Column(f"perception{end}", f"Perception{words}", "effect") for end, words in _EFFECT),
        *(Column(f"reasoning{end}", f"Reasoning{words}", "effect") for end, words in _EFFECT),
        *(Column(name, name, "number") for name in found.benchmarks),
    )
    return Sheet(columns, tuple(_row(place, found.benchmarks) for place in found.places))


_EFFECT = (("", ""), ("_low", " from"), ("_high", " to"))


def _row(place: BoardRow, benchmarks: Iterable[str]) -> tuple[Cell, ...]:
    about = (place.about.get(name) for name in ("parameters", "licence", "type"))
    effects = [
        None if effect is None else getattr(effect, name)
        for effect in (place.perception, place.reasoning)
        for name in ("value", "low", "high")
    ]
    marks = [place.marks[name].value if name in place.marks else None for name in benchmarks]
    numbers = (place.rank_sure, place.mean, *(place.interval or (None, None)), place.mean_rank)
    return (place.name, *about, *numbers, *effects, *marks)


def gap_sheet(found: Board) -> Sheet:
    """Lay out the differences between means, every system with every other."""
    columns = (
        Column("better", "Better"),
        Column("worse", "Worse"),
        Column("difference", "Difference", "effect"),
        Column("low", "95 % from", "effect"),
        Column("high", "to", "effect"),
    )
    return Sheet(columns, tuple(found.gaps))


def _written(table: Sheet, gaps: Sheet, out: Path) -> tuple[Path, ...]:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out}: cannot be made ({error.strerror}).") from error
    return (*write_sheet(table, out / "board"), *write_sheet(gaps, out / "differences"))


def _of_benchmarks(runs: list[FinishedRun], names: Sequence[str]) -> list[FinishedRun]:
    there = sorted({run.setting.benchmark for run in runs})
    for name in names:
        if name not in there:
            raise UserError(f"--benchmark {name}: no run here is of it; there are {', '.join(there)}.")
    return [run for run in runs if not names or run.setting.benchmark in names]


def _about(run: FinishedRun, registry: Registry) -> Mapping[str, Any]:
    role = "perceiver" if run.setting.perceiver else "reasoner"
    if noted := run.about(role):
        return noted
    try:
        about = registry.find(str(run.manifest["config"][role])).about
    except ConfigError:  # a model of the run's own, or one that was renamed
        return {}
    return about.model_dump() if about else {}


def _is_wanted(about: Mapping[str, Any], wanted: BoardFilter, bounds: Sequence[tuple[float, float] | None]) -> bool:
    size = about.get("parameters")
    count = float(size[:-1]) * _UNIT[size[-1]] if size else None
    fits = [count is None if bound is None else count is not None and bound[0] <= count < bound[1] for bound in bounds]
    licence, kind = (str(about.get(name) or UNKNOWN).lower() for name in ("licence", "type"))
    return (
        (not fits or any(fits))
        and (not wanted.licences or licence in [one.lower() for one in wanted.licences])
        and (not wanted.types or kind in [one.lower() for one in wanted.types])
    )


def _bounds(size: str) -> tuple[float, float] | None:
    """Read a range of sizes; None for `unknown`."""
    text = size.replace(" ", "").upper()
    if text == UNKNOWN.upper():
        return None
    number = r"(\d+(?:\.\d+)?)([MBT])?"
    if found := re.fullmatch(f"{number}-{number}", text):
        low, low_unit, high, high_unit = found.groups()
        unit = high_unit or low_unit or "B"
        return float(low) * _UNIT[low_unit or unit], float(high) * _UNIT[unit]
    if found := re.fullmatch(f"([<>]){number}", text):
        bound = float(found[2]) * _UNIT[found[3] or "B"]
        return (0.0, bound) if found[1] == "<" else (bound, float("inf"))
    raise UserError(f"--size {size}: is no range of sizes; write <4B, 4B-10B, >40B or unknown.")
