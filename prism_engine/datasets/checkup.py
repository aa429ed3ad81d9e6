"""Checks a whole benchmark for errors before a run spends money on it."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prism_engine.config.benchmarks import answer_kind, known_benchmark
from prism_engine.config.models import pillow_formats
from prism_engine.datasets.images import ImageStore
from prism_engine.datasets.ingest import IngestProgress, in_order
from prism_engine.datasets.lettered import with_options
from prism_engine.datasets.picture_cells import PictureCells, Reference
from prism_engine.datasets.relations import Relations
from prism_engine.datasets.row_checks import flaws
from prism_engine.datasets.rows import OPTION
from prism_engine.datasets.sources import open_source
from prism_engine.errors import DatasetError
from prism_engine.imaging.picture_rules import steps_of
from prism_engine.records import Image, PicturePolicy
from prism_engine.scoring import SCORERS
from prism_engine.scoring.flaws import Flaw

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.datasets.ingest import IngestCallback
    from prism_engine.datasets.picture_cells import StoredPicture
    from prism_engine.datasets.rows import Row, Source
    from prism_engine.records import AnswerKind
    from prism_engine.scoring.flaws import Severity

_MOST_APIS = PicturePolicy(pillow_formats())
RowPictures = tuple["StoredPicture | Reference", ...]


@dataclass
class Checkup:
    """The findings of a check."""

    path: Path
    limit: int
    """Messages kept per level; findings beyond it are only counted."""
    name: str = ""
    kind: AnswerKind | None = None
    """How answers are scored; None if neither the name nor the file says."""
    sha256: str = ""
    rows: int = 0
    """Readable rows."""
    samples: int = 0
    """Rows with a picture."""
    with_options: int = 0
    scorable: int = 0
    """Samples with an answer and without an error."""
    described: int = 0
    """Samples with a gold description."""
    converted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The pictures that an API gets converted: what is done to each, by digest."""
    categories: Counter[str] = field(default_factory=Counter)
    counts: Counter[tuple[Severity, str]] = field(default_factory=Counter)
    """All findings, by level and kind."""
    kept: dict[Severity, list[str]] = field(default_factory=lambda: {"error": [], "warning": []})

    @property
    def errors(self) -> int:
        """Number of errors."""
        return sum(count for (level, _), count in self.counts.items() if level == "error")

    @property
    def warnings(self) -> int:
        """Number of warnings."""
        return sum(count for (level, _), count in self.counts.items() if level == "warning")

    def note(self, flaw: Flaw, row: int | None = None, index: str | None = None) -> None:
        """Count a finding, and keep its message up to the limit."""
        self.counts[flaw.level, flaw.what] += 1
        if len(self.kept[flaw.level]) < self.limit:
            self.kept[flaw.level].append(
                str(DatasetError(flaw.reason, path=self.path, row=row, index=index, column=flaw.column))
            )

    def note_error(self, what: str, error: DatasetError) -> None:
        """Count an error whose message already names its place, and keep the message up to the limit."""
        self.counts["error", what] += 1
        if len(self.kept["error"]) < self.limit:
            self.kept["error"].append(str(error))


def check_benchmark(
    path: Path, cache_dir: Path, *, limit: int = 100, progress: IngestCallback | None = None
) -> Checkup:
    """Read a whole benchmark, decode every picture, and report all broken rows, not only the first.

    Valid pictures are cached, so a run does not decode them again.

    Raises:
        UserError: the file cannot be read at all, or is not a benchmark.
        StoreError: the cache cannot be written.
    """
    found = Checkup(path, limit)
    with open_source(path, lambda error: found.note_error("unreadable row", error)) as source:
        found.name, found.kind = source.name, source.kind or answer_kind(source.name)
        rotated = found.kind is not None and SCORERS[found.kind].rotated
        with closing(Relations(circular=rotated)) as relations:
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
        found.note_error("unreadable rest of the file", error)


def _add(found: Checkup, row: Row, pictures: RowPictures | DatasetError, relations: Relations) -> None:
    broken = isinstance(pictures, DatasetError)
    readable: RowPictures = () if isinstance(pictures, DatasetError) else pictures
    if isinstance(pictures, DatasetError):
        found.note_error("broken picture", pictures)
    targets = tuple(picture.index for picture in readable if isinstance(picture, Reference))
    relations.add(row, pictured=broken or bool(readable), targets=targets)
    if not readable and not broken:
        return
    _look_at_pictures(found, row, readable)
    row_flaws = list(flaws(row, None if targets or broken else len(readable), found.kind))
    for flaw in row_flaws:
        found.note(flaw, row.number, row.index)
    found.samples += 1
    found.with_options += any(text and OPTION.fullmatch(name) for name, text in row.cells.items())
    found.scorable += bool(row.cells.get("answer")) and not any(flaw.level == "error" for flaw in row_flaws)
    found.described += bool(row.cells.get("gold_description", "").strip())
    if row.cells.get("category"):
        found.categories[row.cells["category"]] += 1


def _look_at_pictures(found: Checkup, row: Row, pictures: RowPictures) -> None:
    for picture in pictures:
        if isinstance(picture, Reference) or picture.facts is None:
            continue
        image = Image(picture.digest, picture.source or found.path, picture.facts)
        if steps := steps_of(image, _MOST_APIS):
            found.converted[picture.digest] = steps
        if picture.facts.pages:
            reason = "is a TIFF with more than one page; models get the first page only"
            found.note(Flaw("warning", "picture with more than one page", None, reason), row.number, row.index)


def _compare(found: Checkup) -> None:
    """Compare the file as a whole with the catalogue's entry for a benchmark of this name."""
    if not found.samples:
        found.note(Flaw("error", "empty benchmark", None, "has no row with a picture"))
    if found.kind is None:
        unscored = bool(found.samples) and not found.scorable
    else:
        unscored = not SCORERS[found.kind].gives_scores
    if unscored:
        found.note(Flaw("warning", "benchmark that is not scored", None, "nothing says what a correct answer is"))
    known = known_benchmark(found.name)
    if known is None:
        return
    rows, md5 = known.spec.rows, known.spec.md5
    if rows and known.spec.rows_verified and rows != found.samples:
        reason = f"has {found.samples:,} rows with a picture; the published {known.name} has {rows:,}"
        found.note(Flaw("warning", "row count differs from the published file", None, reason))
    if md5 and found.path.name == f"{known.name}.tsv" and _md5(found.path) != md5:
        reason = f"differs from the published {known.name} (MD5 {md5})"
        found.note(Flaw("warning", "file differs from the published one", None, reason))


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
