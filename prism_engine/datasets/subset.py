"""Writes a subset of a benchmark as a self-contained table, including the pictures that its rows share."""

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
    """Row counts of a written subset."""

    kept: int
    dropped: int
    sha256: str
    """Digest of the source table."""


def write_subset(source: Path, target: Path, keep: Collection[str]) -> Subset:
    """Write the rows whose index is in `keep`, in file order; memory does not grow with the table.

    A picture that kept rows share with a dropped row is written to the first of them, and the others refer to that one.
    Relative file names become absolute, so the subset can be moved anywhere.

    Args:
        target: overwritten; the caller must remove a partial file after an error.

    Raises:
        DatasetError: the source cannot be read, or a row refers to one that does not exist.
        OSError: the target cannot be written.
    """
    borrowed = _borrowed(source, keep)
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as spool:
        pictures = _BorrowedPictures(source, spool, _spooled(source, borrowed, spool) if borrowed else {}, borrowed)
        with Table(source) as table, target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter="\t", lineterminator="\n")
            writer.writerow("l2-category" if name == "l2_category" else name for name in table.columns)
            kept = dropped = 0
            for row in table:
                if row.index not in keep:
                    dropped += 1
                    continue
                kept += 1
                writer.writerow((row.cells | pictures.replacements(row)).values())
            return Subset(kept, dropped, table.sha256)


def _references(source: Path, row: Row) -> list[str]:
    """Return the indexes of the rows whose pictures this one shares."""
    cell = row.cells.get("image", "")
    try:
        return [text for text in split_list(cell) if len(text) <= MAX_REFERENCE] if cell else []
    except PictureError as error:
        raise DatasetError(str(error), path=source, row=row.number, index=row.index, column="image") from error


def _borrowed(source: Path, keep: Collection[str]) -> set[str]:
    """Return the indexes of dropped rows whose pictures kept rows need."""
    with Table(source) as table:
        return {index for row in table if row.index in keep for index in _references(source, row) if index not in keep}


def _spooled(source: Path, borrowed: Collection[str], spool: IO[str]) -> dict[str, int]:
    """Write the picture cells of these rows to the spool, one per line; return each one's offset by index."""
    offsets = {}
    with Table(source) as table:
        for row in table:
            if row.index in borrowed:
                offsets[row.index] = spool.tell()
                spool.write(" ".join(row.cells["image"].split()) + "\n")
    return offsets


class _BorrowedPictures:
    """Pictures of dropped rows, and the kept row that now has each."""

    def __init__(self, source: Path, spool: IO[str], offsets: Mapping[str, int], borrowed: Collection[str]) -> None:
        self._source = source
        self._spool = spool
        self._offsets = offsets
        self._borrowed = borrowed
        self._owners: dict[str, str] = {}
        """Index of the kept row that has the picture of a dropped row, by the dropped row's index."""

    def replacements(self, row: Row) -> dict[str, str]:
        """Return the cells of a kept row that must change so it does not depend on dropped rows."""
        if "image" not in row.cells:
            names = [str(self._file(name)) for name in split_list(row.cells["image_path"])]
            return {"image_path": names[0] if len(names) == 1 else repr(names)}
        references = _references(self._source, row)
        if not any(index in self._borrowed for index in references):
            return {}
        cell = row.cells["image"]
        if cell in self._owners:
            return {"image": self._owners[cell]}
        if cell == references[0]:
            self._owners[cell] = row.index
            return {"image": self._picture(row, cell)}
        parts = [
            picture
            for text in split_list(cell)
            for picture in (split_list(self._picture(row, text)) if text in self._borrowed else (text,))
        ]
        return {"image": repr(parts)}

    def _picture(self, row: Row, index: str) -> str:
        if index not in self._offsets:
            raise DatasetError(
                f"names index {index}, but there is no such row", path=self._source, row=row.number, column="image"
            )
        self._spool.seek(self._offsets[index])
        return self._spool.readline().removesuffix("\n")

    def _file(self, name: str) -> Path | str:
        pictures = self._source.parent / "images"
        folders = (self._source.parent, pictures / self._source.stem, pictures)  # same order as `PictureCells`
        found = next((folder / name for folder in folders if (folder / name).is_file()), None)
        return name if found is None else found.resolve()
