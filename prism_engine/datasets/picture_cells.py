"""Reads picture cells: a payload, another row's index, a file name, or a list of these."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.config.file_types import is_file
from prism_engine.datasets.images import PictureError, decode_base64
from prism_engine.datasets.picture_places import PicturePlaces
from prism_engine.datasets.rows import MAX_CELL, FileName

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.datasets.images import ImageStore
    from prism_engine.datasets.rows import EncodedPicture
    from prism_engine.records import PictureFacts

MAX_REFERENCE = 64
"""Maximum characters of a reference to the row whose pictures are shared; a longer cell is a payload."""

_LIST_ITEM = re.compile(
    r"""\s*+('[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")\s*+(?:,|\Z)""", re.DOTALL
)
_FILE = re.compile(
    r"[^\n]{1,4096}\.(?:png|jpe?g|webp|gif|bmp|tiff?|avif|jp2|j2k|ico|p[bgnp]m|pfm|tga|pcx|qoi|psd)", re.IGNORECASE
)
_ADDRESS = re.compile(r"(https?|file|s3|gs|hf)://", re.IGNORECASE)
_NO_LIST = "starts like a list, but is not a list of quoted texts such as ['...', '...']"


class StoredPicture(NamedTuple):
    """A picture in the store."""

    digest: str
    size: int
    """Bytes."""
    source: Path | None = None
    """The file it was read from; None if it is embedded in the table."""
    mtime_ns: int = 0
    facts: PictureFacts | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """The index of another row whose pictures this row shares."""

    index: str


RowPictures = tuple[StoredPicture | Reference, ...]
"""A row's pictures in order; empty if it has none."""


class PictureCells:
    """Reads rows' pictures into a store. Thread-safe.

    Args:
        column: `image` (payloads and references) or `image_path` (file names); empty if every row has its own pictures.
        folders: folders to search for picture files, in order.
    """

    def __init__(self, table: Path, column: str, store: ImageStore, folders: Sequence[Path] = ()) -> None:
        self._table = table
        self._column = column
        self._store = store
        self._folders = tuple(folders)
        self._places = PicturePlaces(table, self._folders)

    def stored(self, cell: str, pictures: tuple[EncodedPicture, ...] | None = None) -> RowPictures:
        """Store a row's pictures and return them in order; none if its `image` cell is empty, which drops the row.

        Args:
            cell: of the row in the picture column.
            pictures: the row's pictures, if they are not in that column; as in `Row`.

        Raises:
            PictureError: the cell is malformed, or a picture is broken or missing.
            StoreError: the store cannot be written.
        """
        return tuple(map(self._stored, self._pictures(cell) if pictures is None else pictures))

    def _pictures(self, cell: str) -> tuple[EncodedPicture, ...]:
        if self._column == "image_path":
            return tuple(map(FileName, split_list(cell)))
        return split_list(cell) if cell else ()

    def _stored(self, picture: EncodedPicture) -> StoredPicture | Reference:
        if isinstance(picture, FileName):
            return self._file(picture)
        if isinstance(picture, str) and (reason := no_local_picture(picture)) is not None:
            raise PictureError(reason)
        if isinstance(picture, str) and self._is_file(picture):
            return self._file(picture)
        if isinstance(picture, str) and len(picture) <= MAX_REFERENCE:
            return Reference(picture)
        data = decode_base64(picture) if isinstance(picture, str) else picture
        image = self._store.put(data)
        return StoredPicture(image.digest, len(data), facts=image.facts)

    def _is_file(self, cell: str) -> bool:
        """Whether a cell names a picture's file: one that exists, or a path too long to be another row's index."""
        if not is_picture_file(cell):
            return False
        return len(cell) > MAX_REFERENCE or any((folder / cell).is_file() for folder in self._folders)

    def _file(self, name: str) -> StoredPicture:
        if (reason := no_local_picture(name)) is not None:
            raise PictureError(reason)
        names = dict.fromkeys((name, name.replace("\\", "/")))  # Windows writes the other slash
        tried = [folder / name for name in names for folder in self._folders]
        try:
            path = next((path for path in tried if name and is_file(path)), None)
            if path is None:
                paths = ", ".join(dict.fromkeys(map(str, tried)))
                raise PictureError(f"names no file; tried {paths}" if name else "is empty: the row has no picture")
            if refusal := self._places.refusal(path):
                raise PictureError(refusal)
            status = path.stat()
            if status.st_size > MAX_CELL:
                raise PictureError(f"names a file of more than {MAX_CELL >> 20} MiB: {path}")
            data = path.read_bytes()
        except OSError as error:
            raise PictureError(f"names a file that cannot be read: {error}") from error
        try:
            image = self._store.put(data)
            return StoredPicture(image.digest, len(data), path, status.st_mtime_ns, image.facts)
        except PictureError as error:
            raise PictureError(f"names {path}, which {error}") from error


def is_picture_file(text: str) -> bool:
    """Whether a text can only be the name of a picture's file, by its ending."""
    return _FILE.fullmatch(text) is not None and not text.startswith("data:")


def no_local_picture(text: str) -> str | None:
    """Say why a text names nothing that prism reads: it is an address; None if it is not."""
    found = _ADDRESS.match(text)
    if found is None:
        return None
    if found[1].lower() == "file":
        return "is a file:// address; write the file's path"
    return "is a web address; prism does not download pictures, so fetch them first"


def split_list(cell: str) -> tuple[str, ...]:
    """Split a cell written as a Python list of strings; any other cell is one string.

    Only quoted literals are evaluated, one at a time, so code or deep nesting in a file is harmless.

    Raises:
        PictureError: the cell looks like a list but is empty or not a list of strings.
    """
    if not (len(cell) > 1 and cell.startswith("[") and cell.endswith("]")):
        return (cell,)
    body, texts, end = cell[1:-1], [], 0
    while item := _LIST_ITEM.match(body, end):
        texts.append(_text(item[1]))
        end = item.end()
    if not texts or body[end:].strip():
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
