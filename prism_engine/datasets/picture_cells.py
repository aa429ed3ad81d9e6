"""What a picture cell means: a payload, another row's index, a file name, or a list of them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.datasets.images import PictureError, decode_base64
from prism_engine.datasets.rows import MAX_CELL, FileName
from prism_engine.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.datasets.images import ImageStore
    from prism_engine.datasets.rows import EncodedPicture, Row

MAX_REFERENCE = 64
"""Characters: a longer cell is a payload, a shorter one the index of the row whose pictures it shares."""

_LIST_ITEM = re.compile(
    r"""\s*+('[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")\s*+(?:,|\Z)""", re.DOTALL
)
_NO_LIST = "starts like a list, but is no list of quoted texts such as ['...', '...']"


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture that was put into the store."""

    digest: str
    size: int
    """Bytes."""
    source: Path | None = None
    """The file it was read from; None where the table itself carries it."""
    mtime_ns: int = 0


@dataclass(frozen=True, slots=True)
class Reference:
    """The index of another row, whose pictures stand here too."""

    index: str


class PictureCells:
    """Reads the pictures of rows into a store. Threads may share one.

    Args:
        column: `image` (payloads and references) or `image_path` (file names).
        folders: where files are looked for, first ones first.
    """

    def __init__(self, table: Path, column: str, store: ImageStore, folders: Sequence[Path] = ()) -> None:
        self._table = table
        self._column = column
        self._store = store
        self._folders = tuple(folders)

    def read(self, row: Row) -> tuple[StoredPicture | Reference, ...]:
        """The row's pictures in order; empty where an `image` cell is empty, which drops the row.

        Raises:
            DatasetError: the cell is malformed, or a picture is broken or missing.
            StoreError: the store cannot be written.
        """
        try:
            return tuple(map(self._stored, self._pictures(row)))
        except PictureError as error:
            raise DatasetError(
                str(error), path=self._table, row=row.number, index=row.index, column=self._column
            ) from error

    def _pictures(self, row: Row) -> tuple[EncodedPicture, ...]:
        if row.pictures is not None:
            return row.pictures
        cell = row.cells[self._column]
        if self._column == "image_path":
            return tuple(map(FileName, split_list(cell)))
        return split_list(cell) if cell else ()

    def _stored(self, picture: EncodedPicture) -> StoredPicture | Reference:
        if isinstance(picture, FileName):
            return self._file(picture)
        if isinstance(picture, str) and len(picture) <= MAX_REFERENCE:
            return Reference(picture)
        data = decode_base64(picture) if isinstance(picture, str) else picture
        return StoredPicture(self._store.put(data).digest, len(data))

    def _file(self, name: str) -> StoredPicture:
        tried = [folder / name for folder in self._folders]
        try:
            path = next((path for path in tried if name and path.is_file()), None)
            if path is None:
                shown = ", ".join(dict.fromkeys(map(str, tried)))
                raise PictureError(f"names no file; tried {shown}" if name else "is empty: the row has no picture")
            status = path.stat()
            if status.st_size > MAX_CELL:
                raise PictureError(f"names a file of more than {MAX_CELL >> 20} MiB: {path}")
            data = path.read_bytes()
        except OSError as error:
            raise PictureError(f"names a file that cannot be read: {error}") from error
        try:
            return StoredPicture(self._store.put(data).digest, len(data), path, status.st_mtime_ns)
        except PictureError as error:
            raise PictureError(f"names {path}, which {error}") from error


def split_list(cell: str) -> tuple[str, ...]:
    """The texts of a cell written as a Python list of texts; any other cell is one text.

    Nothing is evaluated but single quoted literals, so neither code nor deep nesting in a file does harm.

    Raises:
        PictureError: the cell looks like a list, and is not one of texts, or is empty.
    """
    if not (len(cell) > 1 and cell.startswith("[") and cell.endswith("]")):
        return (cell,)
    body, texts, place = cell[1:-1], [], 0
    while item := _LIST_ITEM.match(body, place):
        texts.append(_text(item[1]))
        place = item.end()
    if not texts or body[place:].strip():
        raise PictureError(_NO_LIST)
    return tuple(texts)


def _text(literal: str) -> str:
    if "\\" not in literal:
        return literal[1:-1]
    try:
        text = str(ast.literal_eval(literal))
        text.encode()
    except (ValueError, SyntaxError) as error:
        raise PictureError(_NO_LIST) from error
    return text
