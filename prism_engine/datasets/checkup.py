"""Checks a whole benchmark for errors before a run spends money on it."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prism_engine.config.benchmarks import answer_kind, known_benchmark
from prism_engine.config.image_formats import pillow_formats
from prism_engine.datasets.answer_letters import Numbering
from prism_engine.datasets.column_guesses import COLUMNS, LISTS
from prism_engine.datasets.images import ImageStore
from prism_engine.datasets.ingest import IngestProgress, rows_of, settings_of, side_index
from prism_engine.datasets.lettered import options_in, with_options
from prism_engine.datasets.picture_cells import Reference
from prism_engine.datasets.readiness import EXAMPLES, Example, Shape, is_one_letter, is_unread, whole_flaws
from prism_engine.datasets.relations import Relations
from prism_engine.datasets.row_checks import NOT_AN_OPTION, UNANSWERED, flaws
from prism_engine.datasets.sources import open_source
from prism_engine.errors import DatasetError
from prism_engine.imaging.picture_rules import steps_of
from prism_engine.records import Image, PicturePolicy
from prism_engine.scoring import SCORERS
from prism_engine.scoring.flaws import Flaw

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.datasets.ingest import IngestCallback, SideIndex
    from prism_engine.datasets.picture_cells import RowPictures
    from prism_engine.datasets.picture_workers import CellSettings
    from prism_engine.datasets.rows import Row, Source
    from prism_engine.records import AnswerKind
    from prism_engine.scoring.flaws import Severity

_MOST_APIS = PicturePolicy(pillow_formats())
_UNREADABLE_ROW = "unreadable row"
_UNREADABLE_REST = "unreadable rest of the file"
_BROKEN_PICTURE = "broken picture"
_INDEX_NEEDS = frozenset({_UNREADABLE_ROW, _UNREADABLE_REST, _BROKEN_PICTURE})
"""Errors with which no run can read the file; all others concern what its rows say."""


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
    """Rows with a picture; all rows if none has one."""
    with_options: int = 0
    scorable: int = 0
    """Samples with an answer and without an error."""
    described: int = 0
    """Samples with a gold description."""
    pictured: int = 0
    """Rows with a picture, even a broken one."""
    answered: int = 0
    choosable: int = 0
    """Samples with an answer and options."""
    matched: int = 0
    """Samples whose answer is one of their options."""
    lettered: int = 0
    """Samples without options whose answer is a single letter."""
    unread: int = 0
    """Samples without options whose `options` or `choices` cannot be read."""
    examples: list[Example] = field(default_factory=list)
    """The first samples."""
    columns: tuple[str, ...] = ()
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

    @property
    def shape(self) -> Shape:
        """The rows' counts, for `whole_flaws`."""
        return Shape(
            name=self.name,
            columns=self.columns,
            samples=self.samples,
            pictured=self.pictured > 0,
            answered=self.answered,
            with_options=self.with_options,
            choosable=self.choosable,
            scorable=self.matched,
            letters=self.lettered,
            unread=self.unread,
            examples=tuple(self.examples),
        )

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

    Valid pictures are cached, and so is the index of a file that a run can read: a run does not read the file again.

    Raises:
        UserError: the file cannot be read at all, or is not a benchmark.
        StoreError: the cache cannot be written.
    """
    found = Checkup(path, limit)
    store, indexes = ImageStore(cache_dir / "images"), cache_dir / "benchmarks"
    with open_source(path, lambda error: found.note_error(_UNREADABLE_ROW, error)) as source:
        found.name, found.kind = source.name, source.kind or answer_kind(source.name)
        rotated = found.kind is not None and SCORERS[found.kind].rotated
        with closing(Relations(circular=rotated)) as relations, side_index(source, indexes) as side:
            _RowPass(found, relations, side).read(source, settings_of(source, store), progress)
            for number, index, flaw in relations.flaws():
                found.note(flaw, number, index)
        found.sha256, found.columns = source.sha256, source.columns
    if found.rows and not found.pictured:
        found.rows = 0
        with open_source(path, lambda _: None) as source, side_index(source, indexes) as side:
            _RowPass(found, None, side).read(source, None, progress)  # its unreadable rows are known
    _compare(found)
    return found


class _RowPass:
    """One pass over the rows.

    Args:
        relations: collects what rows have to do with each other; None if an earlier pass did.
        side: the index that the check leaves.
    """

    def __init__(self, found: Checkup, relations: Relations | None, side: SideIndex) -> None:
        self._found = found
        self._relations = relations
        self._side = side
        self._numbering = Numbering()
        self._numbers: list[tuple[int, str, Flaw]] = []
        """The first rows whose answer is an option's number, and what is wrong if the rows do not say what it counts
        from."""

    def read(self, source: Source, settings: CellSettings | None, progress: IngestCallback | None) -> None:
        """Check all rows.

        Args:
            settings: how to read pictures; None checks rows without one.
        """
        total = source.bytes_total
        try:
            with closing(rows_of(source, settings)) as pairs:
                for row, pictures in pairs:
                    self._found.rows += 1
                    self._add(row, pictures, text_only=settings is None)
                    if progress is not None:
                        progress(IngestProgress(self._found.rows, source.bytes_read, total))
        except DatasetError as error:
            if self._relations is not None:
                self._found.note_error(_UNREADABLE_REST, error)
        self._settle_numbers()
        if not _INDEX_NEEDS.isdisjoint(what for _, what in self._found.counts):
            self._side.give_up()

    def _add(self, row: Row, pictures: RowPictures | DatasetError, *, text_only: bool) -> None:
        found, lettered = self._found, with_options(row, self._found.kind)
        broken = isinstance(pictures, DatasetError)
        readable: RowPictures = () if isinstance(pictures, DatasetError) else pictures
        if isinstance(pictures, DatasetError):
            found.note_error(_BROKEN_PICTURE, pictures)
        else:
            self._side.add(row, lettered, pictures, text_only=text_only)
        targets = tuple(picture.index for picture in readable if isinstance(picture, Reference))
        pictured = broken or bool(readable)
        found.pictured += pictured
        if self._relations is not None:
            self._relations.add(lettered, pictured=pictured, targets=targets)
        if pictured or text_only:
            _look_at_pictures(found, row, readable)
            self._add_sample(row, lettered, None if targets or broken else len(readable))

    def _add_sample(self, row: Row, lettered: Row, pictures: int | None) -> None:
        found, options = self._found, options_in(lettered.cells)
        written, answer = row.cells.get("answer", ""), lettered.cells.get("answer", "")
        is_number = self._numbering.note(written, answer, options)
        row_flaws = list(flaws(lettered, pictures, found.kind))
        for flaw in row_flaws:
            if flaw is UNANSWERED and "answer" not in row.cells:
                found.counts[flaw.level, flaw.what] += 1  # of the whole file, see `_compare`
            elif is_number and flaw.what == NOT_AN_OPTION:
                if len(self._numbers) < found.limit:
                    self._numbers.append((row.number, row.index, flaw))
            else:
                found.note(flaw, row.number, row.index)
        if len(found.examples) < EXAMPLES:
            others = {name: cell for name, cell in lettered.cells.items() if cell and name not in (*COLUMNS, *options)}
            lists = {name: lettered.cells[name] for name in LISTS if lettered.cells.get(name)}
            found.examples.append(Example(answer, options, others | lists))
        found.samples += 1
        found.with_options += bool(options)
        found.answered += bool(answer)
        found.choosable += bool(answer and options)
        found.unread += not options and is_unread(row.cells.get("options"), row.cells.get("choices"))
        found.lettered += not options and is_one_letter(answer)
        found.matched += answer.strip() in options
        found.scorable += bool(answer) and not any(flaw.level == "error" for flaw in row_flaws)
        found.described += bool(lettered.cells.get("gold_description", "").strip())
        if category := lettered.cells.get("category"):
            found.categories[category] += 1

    def _settle_numbers(self) -> None:
        found, count = self._found, self._numbering.positions
        if self._numbering.first is not None:
            found.scorable += count
            found.matched += count
            return
        for number, index, flaw in self._numbers:
            found.note(flaw, number, index)
        if count > len(self._numbers):
            found.counts["error", NOT_AN_OPTION] += count - len(self._numbers)


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
    """Note what is wrong with the file as a whole, and its differences from the catalogue's entry of this name."""
    if not found.samples:
        found.note(Flaw("error", "empty benchmark", None, "has no rows that can be read"))
    unanswered = 0 if "answer" in found.columns else found.counts.pop((UNANSWERED.level, UNANSWERED.what), 0)
    whole = list(whole_flaws(found.shape, found.kind))
    for flaw in whole:
        found.note(flaw)
    # Once for the file, and not at all if a finding names the column that may hold the answers.
    if unanswered and not any("no column 'answer'" in flaw.reason for flaw in whole):
        found.note(UNANSWERED._replace(reason="there is no such column, so no row is scored"))
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
