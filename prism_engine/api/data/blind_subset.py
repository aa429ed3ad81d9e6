"""The part of a benchmark that needs seeing: what blind runs solve is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.config.benchmarks import answer_kind
from prism_engine.datasets.subset import write_subset
from prism_engine.datasets.tsv import Table
from prism_engine.errors import ConfigError, UserError
from prism_engine.records import AnswerKind
from prism_engine.report.atomic import replacing
from prism_engine.report.scores.blind import known_without_seeing
from prism_engine.report.scores.finished import find_runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class SubsetReport:
    """What was kept, and why."""

    table: Path
    indexes: Path
    """The kept rows' indexes, one a line."""
    kept: int
    dropped: int
    unasked: int
    """Rows that no blind run has a score for; they are kept."""
    needed: int
    runs: int


def make_subset(
    benchmark: Path, blind: Sequence[Path], out: Path, *, solved_by: int | None = None, force: bool = False
) -> SubsetReport:
    """Write the rows of a benchmark that fewer than `solved_by` of the blind runs solve, and the list of their indexes.

    Args:
        benchmark: the TSV that the blind runs were of.
        blind: their folders, or folders with them (and no other runs) below.
        out: the TSV to write; the indexes go beside it.
        solved_by: None takes more than half of the runs.
        force: replace files that are there.

    Raises:
        UserError: a file is there already or cannot be written, a run is no blind one or of another benchmark.
        DatasetError: the benchmark cannot be read.
    """
    indexes = out.with_suffix(".indexes.txt")
    _check_targets(out, indexes, benchmark, force=force)
    runs = find_runs(blind)
    circular = answer_kind(benchmark.stem) is AnswerKind.CIRCULAR
    found = known_without_seeing(runs, solved_by, circular=circular)
    with Table(benchmark) as table:
        every = [row.index for row in table]
        digest = table.sha256
    for run in runs:
        if run.manifest["benchmark"].get("sha256") != digest:
            raise UserError(f"{run.folder}: is a run of another file than {benchmark}; give runs of this one.")
    keep = dict.fromkeys(index for index in every if index not in found.known)
    if not keep:
        raise UserError(f"{benchmark}: nothing is left, the blind runs solve every row; raise --solved-by.")
    with replacing(out) as draft:
        written = write_subset(benchmark, draft, keep.keys())
    with replacing(indexes) as draft:
        draft.write_text("".join(f"{index}\n" for index in keep), encoding="utf-8")
    unasked = sum(index not in found.asked for index in keep)
    return SubsetReport(out, indexes, written.kept, written.dropped, unasked, found.needed, found.runs)


def _check_targets(out: Path, indexes: Path, benchmark: Path, *, force: bool) -> None:
    if benchmark.suffix.lower() != ".tsv":
        raise ConfigError(f"{benchmark}: is no TSV; only of those can a part be taken")
    if out.suffix.lower() != ".tsv":
        raise ConfigError(f"{out}: the file's name must end in .tsv")
    if out.exists() and out.samefile(benchmark):
        raise ConfigError(f"{out}: is the benchmark itself; take another name")
    if not out.parent.is_dir():
        raise ConfigError(f"{out}: there is no folder {out.parent}; make it first")
    for path in (out, indexes):
        if path.exists() and not force:
            raise ConfigError(f"{path}: is there already; take another name, or replace it with --force")
