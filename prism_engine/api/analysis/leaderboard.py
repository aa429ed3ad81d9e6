"""A leaderboard of finished runs, filtered by their models' size, licence and type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prism_engine.api.analysis.rescored import comparable_runs
from prism_engine.errors import ConfigError, UserError
from prism_engine.report.pages.board import Board, System, board
from prism_engine.report.pages.board_columns import columns, joined, quoted_name
from prism_engine.report.pages.sheets import BOARD_FORMATS, Column, Sheet, write_sheet
from prism_engine.report.scores.aligned import align
from prism_engine.report.scores.published import CALLED, OPENVLM, OPENVLM_BENCHMARKS, read_published

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from prism_engine.config import Registry
    from prism_engine.report.pages.board import BoardRow
    from prism_engine.report.pages.sheets import Cell
    from prism_engine.report.scores.finished import FinishedRun
    from prism_engine.report.scores.published import Published, PublishedSystem

_RANKED_MODES = ("all", "direct")
_UNIT = {"M": 1e6, "B": 1e9, "T": 1e12}
UNKNOWN = "unknown"
OURS = "prism"
PUBLISHED = "published"


@dataclass(frozen=True)
class BoardFilter:
    """Selects the systems to show: every non-empty condition must hold, by any one of its values."""

    benchmarks: tuple[str, ...] = ()
    """Names; empty means all; `openvlm` means the Open VLM Leaderboard's eight, of which a mean then needs all."""
    sizes: tuple[str, ...] = ()
    """`<4B`, `4B-10B` (includes the lower bound), `>40B` (includes 40B), or `unknown`."""
    licences: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    baselines: bool = False
    """Also include the blind and oracle arms, which are baselines rather than systems to rank."""


@dataclass(frozen=True)
class BoardReport:
    """The leaderboard and the systems left out of it."""

    board: Board
    table: Sheet
    gaps: Sheet
    left_out: tuple[str, ...]
    """Systems that do not match the filter."""
    published: str
    """Where the published results in the table are from, and what they are not; empty if there are none."""
    files: tuple[Path, ...]


def make_board(
    paths: Sequence[Path],
    registry: Registry,
    condition: BoardFilter | None = None,
    *,
    out: Path | None = None,
    rescore: str | None = None,
    published: Path | None = None,
) -> BoardReport:
    """Rank the runs in these folders.

    A system's size, licence and type are those of its perceiver (of its reasoner if it has none), as recorded by its
    run, else from the registry.

    Args:
        out: a folder for the tables; None writes none.
        rescore: score all runs by this profile first; None takes their own scores.
        published: an OpenVLM.json whose systems are shown as well, as far as they match the filter.

    Raises:
        UserError: there is no run, one cannot be read, no system matches the filter, versions of prism's rules differ,
            or `published` is no such file.
    """
    condition = condition or BoardFilter()
    others = read_published(published) if published else None
    bounds = [_bounds(size) for size in condition.sizes]
    runs = [run for run in comparable_runs(paths, rescore) if condition.baselines or run.setting.mode in _RANKED_MODES]
    runs = _of_benchmarks(runs, condition.benchmarks)
    abouts = {System.of(run.setting): _about(run, registry) for run in runs}
    kept = {system for system, about in abouts.items() if _matches(about, condition, bounds)}
    if not kept:
        raise UserError("no system is left to show; loosen --size, --licence, --type or --benchmark.")
    by_benchmark: dict[str, list[FinishedRun]] = {}
    for run in runs:
        if System.of(run.setting) in kept:
            by_benchmark.setdefault(run.setting.benchmark, []).append(run)
    aligned = {name: align(by_benchmark[name]) for name in sorted(by_benchmark)}
    own = {CALLED.get(name, name) for name in columns(aligned)}
    required = [name for name in OPENVLM_BENCHMARKS if OPENVLM in condition.benchmarks and name not in own]
    leaderboard = board(aligned, abouts, required)
    table, gaps = board_sheet(leaderboard, _tags(runs)), gap_sheet(leaderboard)
    remark = ""
    if others:
        fitting = [system for system in others.systems if _matches(system.about, condition, bounds)]
        # Published scores are those of the test set.
        same = [name for name in leaderboard.benchmarks if "DEV" not in "".join(joined(by_benchmark).get(name, ()))]
        table, remark = with_published(table, others, fitting, same)
    files = _write_sheets(table, gaps, out) if out else ()
    left_out = {
        " + ".join(filter(None, (system.perceiver, system.reasoner))) for system in abouts if system not in kept
    }
    return BoardReport(leaderboard, table, gaps, tuple(sorted(left_out)), remark, files)


def _tags(runs: Iterable[FinishedRun]) -> dict[System, dict[str, str]]:
    """Return the tags of each system's runs by key; different values of its runs are joined."""
    values: dict[System, dict[str, dict[str, None]]] = {}
    for run in runs:
        for key, value in run.tags.items():
            values.setdefault(System.of(run.setting), {}).setdefault(key, {})[value] = None
    return {system: {key: ", ".join(each) for key, each in tags.items()} for system, tags in values.items()}


def board_sheet(leaderboard: Board, tags: Mapping[System, Mapping[str, str]] | None = None) -> Sheet:
    """Return the leaderboard as a table: one row per system, scores from 0 to 100, and a column per tag."""
    tags = tags or {}
    keys = sorted({key for row in leaderboard.places for key in tags.get(row.system, {})})
    headings = (
        Column("system", "System"),
        Column("parameters", "Size"),
        Column("licence", "Licence"),
        Column("type", "Type"),
        *(Column(f"tag_{key}", key) for key in keys),
        Column("rank_sure", "Rank", "count"),
        Column("mean", "Mean", "number"),
        Column("low", "95 % from", "number"),
        Column("high", "to", "number"),
        Column("mean_rank", "Mean rank", "number"),
        *(Column(f"perception{end}", f"Perception{words}", "effect") for end, words in _EFFECT),
        *(Column(f"reasoning{end}", f"Reasoning{words}", "effect") for end, words in _EFFECT),
        *(Column(name, name, "number") for name in leaderboard.benchmarks),
    )
    rows = []
    for row in leaderboard.places:
        name, *others = _cells(row, leaderboard.benchmarks)
        labels = [tags.get(row.system, {}).get(key) for key in keys]
        rows.append((name, *others[:_ABOUT], *labels, *others[_ABOUT:]))
    return Sheet(headings, tuple(rows))


_ABOUT = 3
"""Cells behind a system's name about its model: size, licence, type."""


_EFFECT = (("", ""), ("_low", " from"), ("_high", " to"))


def _cells(row: BoardRow, benchmarks: Iterable[str]) -> tuple[Cell, ...]:
    about = (row.about.get(name) for name in ("parameters", "licence", "type"))
    effects = [
        None if effect is None else getattr(effect, name)
        for effect in (row.perception, row.reasoning)
        for name in ("value", "low", "high")
    ]
    marks = [row.marks[name].value if name in row.marks else None for name in benchmarks]
    numbers = (row.rank_sure, row.mean, *(row.interval or (None, None)), row.mean_rank)
    return (row.name, *about, *numbers, *effects, *marks)


def with_published(
    table: Sheet, published: Published, systems: Sequence[PublishedSystem], same: Collection[str]
) -> tuple[Sheet, str]:
    """Return the table with published systems among its rows by their means, and a remark on them.

    They have no ranks and no intervals: their answers are not there to be resampled.

    Args:
        same: the columns that published results have as well.
    """
    names = [column.name for column in table.columns]
    benchmarks = names[names.index("reasoning_high") + 1 :]
    rows = [(row[0], OURS, *row[1:]) for row in table.rows]
    shown = 0
    for system in systems:
        marks = {name: system.marks.get(CALLED.get(name, name)) for name in benchmarks if name in same}
        found = [mark for mark in marks.values() if mark is not None]
        if found:
            mean = sum(found) / len(found) if len(found) == len(benchmarks) else None
            cells: dict[str, Cell] = {"system": system.name, "source": PUBLISHED, "mean": mean, **system.about, **marks}
            rows.append(tuple(cells.get(name) for name in ("system", "source", *names[1:])))
            shown += 1
    place = 1 + names.index("mean")
    rows.sort(key=lambda row: (row[place] is None, -float(row[place] or 0)))
    headings = (table.columns[0], Column("source", "Source"), *table.columns[1:])
    remark = (
        f"{PUBLISHED}: {shown:,} of {len(published.systems):,} systems in {published.path} "
        f"({published.time or 'no date'}), measured with other prompts and judges; no interval, so no rank"
    )
    if published.refused:
        remark += f"; {published.refused:,} of its scores are not in their benchmark's range and left out"
    return Sheet(headings, tuple(rows)), remark


def gap_sheet(leaderboard: Board) -> Sheet:
    """Return a table of the differences between the means of every two systems."""
    headings = (
        Column("better", "Better"),
        Column("worse", "Worse"),
        Column("difference", "Difference", "effect"),
        Column("low", "95 % from", "effect"),
        Column("high", "to", "effect"),
    )
    return Sheet(headings, tuple(leaderboard.gaps))


def _write_sheets(table: Sheet, gaps: Sheet, out: Path) -> tuple[Path, ...]:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out}: cannot be created ({error.strerror}).") from error
    return (
        *write_sheet(table, out / "board", BOARD_FORMATS),
        *write_sheet(gaps, out / "differences", BOARD_FORMATS),
    )


def _of_benchmarks(runs: list[FinishedRun], names: Sequence[str]) -> list[FinishedRun]:
    known = sorted({run.setting.benchmark for run in runs})
    by_column = {**{name: (name,) for name in known}, **joined(known)}
    quoted = {quoted_name(run.setting.benchmark, run.scorer): (run.setting.benchmark,) for run in runs}
    by_column = quoted | by_column
    preset = [column for column in by_column if CALLED.get(column, column) in OPENVLM_BENCHMARKS]
    by_column.setdefault(OPENVLM, tuple(part for column in preset for part in by_column[column]))
    for name in names:
        if name not in by_column:
            others = f"the runs use {', '.join(known)}" if known else "all runs here are baselines (see --baselines)"
            raise UserError(f"--benchmark {name}: no run here uses it; {others}.")
    wanted = {part for name in names for part in by_column[name]}
    return [run for run in runs if not names or run.setting.benchmark in wanted]


def _about(run: FinishedRun, registry: Registry) -> Mapping[str, Any]:
    role = "perceiver" if run.setting.perceiver else "reasoner"
    if recorded := run.about(role):
        return recorded
    try:
        about = registry.find(str(run.manifest["config"][role])).about
    except ConfigError:  # a model defined only in the run's own configuration, or since renamed
        return {}
    return about.model_dump() if about else {}


def _matches(about: Mapping[str, Any], condition: BoardFilter, bounds: Sequence[tuple[float, float] | None]) -> bool:
    size = about.get("parameters")
    count = float(size[:-1]) * _UNIT[size[-1]] if size else None
    fits = [count is None if bound is None else count is not None and bound[0] <= count < bound[1] for bound in bounds]
    licence, kind = (str(about.get(name) or UNKNOWN).lower() for name in ("licence", "type"))
    return (
        (not fits or any(fits))
        and (not condition.licences or licence in [name.lower() for name in condition.licences])
        and (not condition.types or kind in [name.lower() for name in condition.types])
    )


def _bounds(size: str) -> tuple[float, float] | None:
    """Parse a range of sizes; None for `unknown`."""
    text = size.replace(" ", "").upper()
    if text == UNKNOWN.upper():
        return None
    number = r"(\d+(?:\.\d+)?)([MBT])?"
    if match := re.fullmatch(f"{number}-{number}", text):
        low, low_unit, high, high_unit = match.groups()
        unit = high_unit or low_unit or "B"
        return float(low) * _UNIT[low_unit or unit], float(high) * _UNIT[unit]
    if match := re.fullmatch(f"([<>]){number}", text):
        bound = float(match[2]) * _UNIT[match[3] or "B"]
        return (0.0, bound) if match[1] == "<" else (bound, float("inf"))
    raise UserError(f"--size {size}: not a range of sizes; write <4B, 4B-10B, >40B or unknown.")
