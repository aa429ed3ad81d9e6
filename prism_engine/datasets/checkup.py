"""Everything that is wrong with a benchmark, found before a run pays for it."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prism_engine.config.benchmarks import answer_kind, known_benchmark
from prism_engine.datasets.images import ImageStore
from prism_engine.datasets.ingest import IngestProgress, in_order
from prism_engine.datasets.lettered import with_options
from prism_engine.datasets.picture_cells import PictureCells, Reference
from prism_engine.datasets.relations import Relations
from prism_engine.datasets.row_checks import Flaw, flaws
from prism_engine.datasets.rows import OPTION
from prism_engine.datasets.sources import open_source
from prism_engine.errors import DatasetError
from prism_engine.records import AnswerKind

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.datasets.ingest import IngestCallback
    from prism_engine.datasets.picture_cells import StoredPicture
    from prism_engine.datasets.row_checks import Severity
    from prism_engine.datasets.rows import Row, Source

RowPictures = tuple["StoredPicture | Reference", ...]


@dataclass
class Checkup:
    """What a check found."""

    path: Path
    limit: int
    """Findings of each level that are kept in words; all are counted."""
    name: str = ""
    kind: AnswerKind | None = None
    """None where neither name nor file says what a right answer is."""
    sha256: str = ""
    rows: int = 0
    """Rows that could be read."""
    samples: int = 0
    """Rows with a picture."""
    with_options: int = 0
    scorable: int = 0
    """Samples that carry an answer without an error in it."""
    described: int = 0
    """Samples with a gold description."""
    categories: Counter[str] = field(default_factory=Counter)
    counts: Counter[tuple[Severity, str]] = field(default_factory=Counter)
    """All findings, by level and kind."""
    kept: dict[Severity, list[str]] = field(default_factory=lambda: {"error": [], "warning": []})

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return sum(count for (level, _), count in self.counts.items() if level == "error")

    @property
    def warnings(self) -> int:
        """How many warnings there are."""
        return sum(count for (level, _), count in self.counts.items() if level == "warning")

    def note(self, flaw: Flaw, row: int | None = None, index: str | None = None) -> None:
        """Count a finding, and keep it in words up to the limit."""
        self.counts[flaw.level, flaw.what] += 1
        if len(self.kept[flaw.level]) < self.limit:
            self.kept[flaw.level].append(
                str(DatasetError(flaw.reason, path=self.path, row=row, index=index, column=flaw.column))
            )

    def note_error(self, what: str, error: DatasetError) -> None:
        """Count an error that says by itself where it is."""
        self.counts["error", what] += 1
        if len(self.kept["error"]) < self.limit:
            self.kept["error"].append(str(error))


def check_benchmark(
    path: Path, cache_dir: Path, *, limit: int = 100, progress: IngestCallback | None = None
) -> Checkup:
    """Read a whole benchmark, decode every picture, and find all broken rows, not only the first.

    Pictures that are sound are kept in the cache, so that a run does not decode them again.

    Raises:
        UserError: the file cannot be read at all, or is no benchmark.
        StoreError: the cache cannot be written.
    """
    found = Checkup(path, limit)
    with open_source(path, lambda error: found.note_error("row that cannot be read", error)) as source:
        found.name, found.kind = source.name, source.kind or answer_kind(source.name)
        with closing(Relations(circular=found.kind is AnswerKind.CIRCULAR)) as relations:
            _read(found, source, relations, ImageStore(cache_dir / "images"), progress)
            for number, index, flaw in relations.flaws():
                found.note(flaw, number, index)
        found.sha256 = source.sha256
    _compare(found)
    return found


def _read(
    found: Checkup, source: Source, relations: Relations, store: ImageStore, progress: IngestCallback | None
) -> None:
    cells = PictureCells(source.path, source.picture_column, store, source.folders)

    def read(row: Row) -> RowPictures | DatasetError:
        try:
            return cells.read(row)
        except DatasetError as error:
            return error

    total = source.bytes_total
    try:
        with closing(in_order(read, source)) as pairs:
            for row, pictures in pairs:
                found.rows += 1
                _add(found, with_options(row, found.kind), pictures, relations)
                if progress is not None:
                    progress(IngestProgress(found.rows, source.bytes_read, total))
    except DatasetError as error:
        found.note_error("rest that cannot be read", error)


def _add(found: Checkup, row: Row, pictures: RowPictures | DatasetError, relations: Relations) -> None:
    broken = isinstance(pictures, DatasetError)
    shown: RowPictures = () if isinstance(pictures, DatasetError) else pictures
    if isinstance(pictures, DatasetError):
        found.note_error("broken picture", pictures)
    targets = tuple(picture.index for picture in shown if isinstance(picture, Reference))
    relations.add(row, pictured=broken or bool(shown), targets=targets)
    if not shown and not broken:
        return
    here = list(flaws(row, None if targets or broken else len(shown), found.kind))
    for flaw in here:
        found.note(flaw, row.number, row.index)
    found.samples += 1
    found.with_options += any(text and OPTION.fullmatch(name) for name, text in row.cells.items())
    found.scorable += bool(row.cells.get("answer")) and not any(flaw.level == "error" for flaw in here)
    found.described += bool(row.cells.get("gold_description", "").strip())
    if row.cells.get("category"):
        found.categories[row.cells["category"]] += 1


def _compare(found: Checkup) -> None:
    """Compare the whole with what is known of a benchmark of this name."""
    if not found.samples:
        found.note(Flaw("error", "empty benchmark", None, "has no row with a picture"))
    if found.kind is AnswerKind.OPEN or (found.kind is None and found.samples and not found.scorable):
        found.note(Flaw("warning", "benchmark that is not scored", None, "nothing says what a right answer is"))
    known = known_benchmark(found.name)
    if known is None:
        return
    rows, md5 = known.spec.rows, known.spec.md5
    if rows and known.spec.rows_verified and rows != found.samples:
        reason = f"{found.samples:,} rows with a picture, and {known.name} as published has {rows:,}"
        found.note(Flaw("warning", "other rows than published", None, reason))
    if md5 and found.path.name == f"{known.name}.tsv" and _md5(found.path) != md5:
        reason = f"is not the file that {known.name} was published as (MD5 {md5})"
        found.note(Flaw("warning", "other file than published", None, reason))


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
