"""A part of a benchmark as a table of its own: streamed, with the pictures that its rows borrow from others."""

from __future__ import annotations

import csv
import tempfile
from typing import IO, TYPE_CHECKING, NamedTuple

from prism_engine.datasets.images import PictureError
from prism_engine.datasets.picture_cells import MAX_REFERENCE, split_list
from prism_engine.datasets.tsv import Table
from prism_engine.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from prism_engine.datasets.rows import Row


class Subset(NamedTuple):
    """What was written."""

    kept: int
    dropped: int
    sha256: str
    """Of the table that it was taken from."""


def write_subset(source: Path, target: Path, keep: Collection[str]) -> Subset:
    """Write the rows whose index is in `keep`, in their order; memory does not grow with the table.

    A picture that a kept row borrows from a dropped one goes with it: into the first such row, to which later ones then
    refer. Relative file names become absolute, so that the part may lie anywhere.

    Args:
        target: is replaced; the caller sees to it that half a file does not stay.

    Raises:
        DatasetError: the source cannot be read, or a row borrows from one that is not there.
        OSError: the target cannot be written.
    """
    wanted = _borrowed(source, keep)
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as spool:
        lent = _Lent(source, spool, _spooled(source, wanted, spool) if wanted else {}, wanted)
        with Table(source) as table, target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter="\t", lineterminator="\n")
            writer.writerow("l2-category" if name == "l2_category" else name for name in table.columns)
            kept = dropped = 0
            for row in table:
                if row.index not in keep:
                    dropped += 1
                    continue
                kept += 1
                writer.writerow((row.cells | lent.own(row)).values())
            return Subset(kept, dropped, table.sha256)


def _references(source: Path, row: Row) -> list[str]:
    """Return the indexes of the rows from which this one borrows."""
    cell = row.cells.get("image", "")
    try:
        return [text for text in split_list(cell) if len(text) <= MAX_REFERENCE] if cell else []
    except PictureError as error:
        raise DatasetError(str(error), path=source, row=row.number, index=row.index, column="image") from error


def _borrowed(source: Path, keep: Collection[str]) -> set[str]:
    """Return the indexes of dropped rows whose pictures kept ones need."""
    with Table(source) as table:
        return {index for row in table if row.index in keep for index in _references(source, row) if index not in keep}


def _spooled(source: Path, wanted: Collection[str], spool: IO[str]) -> dict[str, int]:
    """Put the picture cells of some rows aside, one a line, and say where each begins."""
    places = {}
    with Table(source) as table:
        for row in table:
            if row.index in wanted:
                places[row.index] = spool.tell()
                spool.write(" ".join(row.cells["image"].split()) + "\n")
    return places


class _Lent:
    """Pictures of dropped rows, and which kept row has each by now."""

    def __init__(self, source: Path, spool: IO[str], places: Mapping[str, int], wanted: Collection[str]) -> None:
        self._source = source
        self._spool = spool
        self._places = places
        self._wanted = wanted
        self._heirs: dict[str, str] = {}

    def own(self, row: Row) -> dict[str, str]:
        """Return the cells that a kept row needs in place of its own, so that it stands without the dropped ones."""
        if "image" not in row.cells:
            names = [str(self._file(name)) for name in split_list(row.cells["image_path"])]
            return {"image_path": names[0] if len(names) == 1 else repr(names)}
        references = _references(self._source, row)
        if not any(index in self._wanted for index in references):
            return {}
        cell = row.cells["image"]
        if cell in self._heirs:
            return {"image": self._heirs[cell]}
        if cell == references[0]:
            self._heirs[cell] = row.index
            return {"image": self._picture(row, cell)}
        parts = [
            picture
            for text in split_list(cell)
            for picture in (split_list(self._picture(row, text)) if text in self._wanted else (text,))
        ]
        return {"image": repr(parts)}

    def _picture(self, row: Row, index: str) -> str:
        if index not in self._places:
            raise DatasetError(
                f"names index {index}, and there is no such row", path=self._source, row=row.number, column="image"
            )
        self._spool.seek(self._places[index])
        return self._spool.readline().removesuffix("\n")

    def _file(self, name: str) -> Path | str:
        pictures = self._source.parent / "images"
        folders = (self._source.parent, pictures / self._source.stem, pictures)  # as `PictureCells` looks
        found = next((folder / name for folder in folders if (folder / name).is_file()), None)
        return name if found is None else found.resolve()
