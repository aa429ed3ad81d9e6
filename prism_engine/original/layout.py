"""The layout of an original checkout's results: folders, Excel tables, and their cells per sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.api.build.instruction_sources import ROTATION_STEP
from prism_engine.errors import UserError
from prism_engine.records import Completion, Outcome
from prism_engine.report.pages.workbook import is_cut, read_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from prism_engine.datasets import Benchmark
    from prism_engine.records import Sample

DESCRIPTION: Final = "description"
PREDICTION: Final = "prediction"
LOG: Final = "post_log"
"""The column with the log of the attempts to get a prediction."""
SUCCESS: Final = "Succeed"
FAILED: Final = "Failed to obtain answer via API."
"""VLMEvalKit's marker, in place of the text, for a failed call."""
SUFFIX: Final = "_description.xlsx"
MARK: Final = "original-"
"""Prefix of a prompt version in prism's folders: the wording is the original's, which may differ from prism's own."""


class OriginalFolder(NamedTuple):
    """A perceiver's folder: `<prompt_version>/<dataset>/<perceiver>/`."""

    prompt_version: str
    dataset: str
    perceiver: str
    described: Path
    """The file of descriptions."""

    def answered(self) -> Iterator[tuple[str, Path]]:
        """Yield each reasoner that answered from the descriptions, with its file."""
        for folder in sorted(path for path in self.described.parent.iterdir() if path.is_dir()):
            if (file := folder / f"{folder.name}.xlsx").is_file():
                yield folder.name, file


def find_folders(results: Path) -> list[OriginalFolder]:
    """Return the perceivers' folders at or below a folder.

    Raises:
        UserError: there is none.
    """
    folders = []
    for file in sorted(results.rglob(f"*{SUFFIX}")):
        folder = file.resolve().parent
        if file.name == f"{folder.name}{SUFFIX}":
            folders.append(OriginalFolder(folder.parents[1].name, folder.parent.name, folder.name, file))
    if not folders:
        raise UserError(
            f"{results}: no results of the original framework here; expected "
            f"<prompt_version>/<dataset>/<model>/<model>{SUFFIX}"
        )
    return folders


class OriginalTable:
    """One Excel file of results, keyed by the benchmark's index.

    Raises:
        UserError: it cannot be read, lacks a column, or has conflicting rows for one sample; names the row.
    """

    def __init__(self, path: Path, column: str) -> None:
        self.path = path
        self._rows: dict[str, tuple[int, Mapping[str, str | None]]] = {}
        for number, row in enumerate(read_workbook(path), start=1):
            if missing := [name for name in ("index", column) if name not in row]:
                raise UserError(f"{path}: no column {missing[0]!r}; it has {', '.join(row)}")
            if (index := row["index"]) is None:
                raise UserError(f"{path}, row {number}, column 'index': the cell is empty")
            first_number, first_row = self._rows.setdefault(index, (number, row))
            if first_row.get(column) != row[column]:
                raise UserError(
                    f"{path}, row {number}: index {index} is already in row {first_number}, with another {column}"
                )

    def __len__(self) -> int:
        return len(self._rows)

    def require_known(self, benchmark: Benchmark) -> None:
        """Check that every row's index is in the benchmark.

        Raises:
            UserError: one is not; names the row.
        """
        known = {sample.index for sample in benchmark}
        unknown = [(index, number) for index, (number, _) in self._rows.items() if index not in known]
        if unknown:
            index, number = unknown[0]
            raise UserError(
                f"{self.path}, row {number}: {benchmark.name} ({benchmark.path}) has no sample of index {index} "
                f"({len(unknown):,} such rows); give the file that these results are about with --data"
            )

    def row(self, sample: Sample) -> Mapping[str, str | None] | None:
        """Return a sample's row, or its core question's for a rotated copy; None if there is neither."""
        numbered = self._rows.get(sample.index)
        if numbered is None and sample.index.isdecimal():
            numbered = self._rows.get(str(int(sample.index) % ROTATION_STEP))
        return None if numbered is None else numbered[1]


def completion(row: Mapping[str, str | None], column: str) -> Completion:
    """Return a cell as a call's completion; a failure marker becomes a failed outcome, not a text."""
    text = row.get(column)
    log = " ".join((row.get(LOG) or "").split()) if column == PREDICTION else ""
    if text is not None and FAILED in text:
        return Completion(Outcome.ERROR, detail="the original's call failed")
    if text is None and log and log != SUCCESS:
        return Completion(Outcome.ERROR, detail=log)
    if text is None:
        return Completion(Outcome.EMPTY, detail="the cell is empty")
    return Completion(Outcome.TRUNCATED if is_cut(text) else Outcome.OK, text)
