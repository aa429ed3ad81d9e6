"""Small copies of a benchmark's pictures, for pages."""

from __future__ import annotations

import hashlib
import io
import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

from PIL import Image as PillowImage

from prism_engine.imaging.encoding import plain
from prism_engine.imaging.formats import PictureError, opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from PIL.Image import Image

SIDE: Final = 192
"""Pixels of the longer side."""
_QUALITY: Final = 60
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_AHEAD: Final = 64


class Thumbnails(NamedTuple):
    """The small copies that could be made."""

    pictures: dict[str, bytes]
    """WebP files by the digest of the original."""
    missing: int
    """Originals that are gone, or no longer what their digest names."""
    left_out: int
    """Originals above the limit."""


def thumbnails(digests: Iterable[str], folders: Sequence[Path], *, most: int, side: int = SIDE) -> Thumbnails:
    """Make small copies of pictures, the first `most` of those that are there.

    A picture counts only if its bytes have the digest that names it, so that a results folder from someone else cannot
    show another file of this machine.

    Args:
        digests: SHA-256 of the originals, each once.
        folders: picture stores to look in (`ab/cdef...`).
        side: pixels of the longer side.
    """
    wanted = list(digests)
    made: dict[str, bytes] = {}
    looked = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        while len(made) < most and looked < len(wanted):
            batch = wanted[looked : looked + min(_AHEAD, most - len(made))]
            copies = pool.map(lambda digest: _thumbnail(digest, folders, side), batch)
            made.update((digest, copy) for digest, copy in zip(batch, copies, strict=True) if copy is not None)
            looked += len(batch)
    return Thumbnails(made, looked - len(made), len(wanted) - looked)


def _thumbnail(digest: str, folders: Sequence[Path], side: int) -> bytes | None:
    """Return a small copy of a picture; None if there is no such picture, or it cannot be decoded."""
    data = _read(digest, folders)
    if data is None:
        return None
    out = io.BytesIO()
    try:
        with opened(data) as picture:
            picture.draft("RGB", (2 * side, 2 * side))  # JPEG only: decodes at a fraction of the size
            small = plain(picture)
            small.thumbnail((side, side))
            _on_white(small).save(out, "WEBP", quality=_QUALITY)
    except PictureError:
        return None
    return out.getvalue()


def _on_white(picture: Image) -> Image:
    """Return the picture without transparency: a black figure would vanish on a dark page."""
    if picture.mode != "RGBA":
        return picture
    paper = PillowImage.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def _read(digest: str, folders: Sequence[Path]) -> bytes | None:
    if not _DIGEST.fullmatch(digest):
        return None
    for folder in folders:
        try:
            data = (folder / digest[:2] / digest[2:]).read_bytes()
        except OSError:
            continue
        if hashlib.sha256(data).hexdigest() == digest:
            return data
    return None
