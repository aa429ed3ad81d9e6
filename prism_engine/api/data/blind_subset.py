"""Makes the vision-dependent subset of a benchmark by dropping the rows that blind runs solve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.config.benchmarks import answer_kind
from prism_engine.datasets.subset import write_subset
from prism_engine.datasets.tsv import Table
from prism_engine.errors import ConfigError, UserError
from prism_engine.report.atomic import replacing
from prism_engine.report.scores.blind import known_without_seeing
from prism_engine.report.scores.finished import find_runs
from prism_engine.scoring import SCORERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class SubsetReport:
    """Which rows were kept, and by which rule."""

    table: Path
    indexes: Path
    """The kept rows' indexes, one per line."""
    kept: int
    dropped: int
    unasked: int
    """Rows without a score in any blind run; they are kept."""
    needed: int
    runs: int


def make_subset(
    benchmark: Path, blind: Sequence[Path], out: Path, *, solved_by: int | None = None, force: bool = False
) -> SubsetReport:
    """Write the rows of a benchmark that fewer than `solved_by` of the blind runs solve, and a list of their indexes.

    Args:
        benchmark: the TSV that the blind runs used.
        blind: their folders, or folders that contain them and no other runs.
        out: the TSV to write; the index list goes next to it.
        solved_by: number of runs; None means more than half of them.
        force: replace existing files.

    Raises:
        UserError: a file exists or cannot be written, or a run is not blind or of another benchmark.
        DatasetError: the benchmark cannot be read.
    """
    indexes = out.with_suffix(".indexes.txt")
    _check_targets(out, indexes, benchmark, force=force)
    runs = find_runs(blind)
    kind = answer_kind(benchmark.stem)
    circular = kind is not None and SCORERS[kind].rotated
    blind_known = known_without_seeing(runs, solved_by, circular=circular)
    with Table(benchmark) as table:
        rows = [row.index for row in table]
        digest = table.sha256
    for run in runs:
        if run.manifest["benchmark"].get("sha256") != digest:
            raise UserError(f"{run.folder}: this run used another file than {benchmark}; give runs on this one.")
    keep = dict.fromkeys(index for index in rows if index not in blind_known.known)
    if not keep:
        raise UserError(f"{benchmark}: no row is left, because the blind runs solve every one; raise --solved-by.")
    with replacing(out) as draft:
        written = write_subset(benchmark, draft, keep.keys())
    with replacing(indexes) as draft:
        draft.write_text("".join(f"{index}\n" for index in keep), encoding="utf-8")
    unasked = sum(index not in blind_known.asked for index in keep)
    return SubsetReport(out, indexes, written.kept, written.dropped, unasked, blind_known.needed, blind_known.runs)


def _check_targets(out: Path, indexes: Path, benchmark: Path, *, force: bool) -> None:
    if benchmark.suffix.lower() != ".tsv":
        raise ConfigError(f"{benchmark}: not a TSV file; a subset can only be made of a TSV")
    if out.suffix.lower() != ".tsv":
        raise ConfigError(f"{out}: the file name must end in .tsv")
    if out.exists() and out.samefile(benchmark):
        raise ConfigError(f"{out}: this is the benchmark itself; choose another name")
    if not out.parent.is_dir():
        raise ConfigError(f"{out}: there is no folder {out.parent}; create it first")
    for path in (out, indexes):
        if path.exists() and not force:
            raise ConfigError(f"{path}: already exists; choose another name, or replace it with --force")
