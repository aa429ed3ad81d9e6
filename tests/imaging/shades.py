"""Pictures for the tests: the same scene in many formats and depths."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as Picture

from prism_engine.imaging.formats import check_picture
from prism_engine.records import Image

if TYPE_CHECKING:
    from pathlib import Path

GREY = (np.mgrid[0:12, 0:16][1] * 16 + np.mgrid[0:12, 0:16][0]).astype(np.uint8)
"""(12, 16); levels 0 to 251."""
RGB = np.dstack([GREY, GREY[::-1], 255 - GREY])


def encoded(pixels: np.ndarray[Any, Any], kind: str, **options: Any) -> bytes:
    return saved(Picture.fromarray(pixels), kind, **options)


def saved(picture: Picture.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def png16(pixels: np.ndarray[Any, Any], colour: int) -> bytes:
    """A 16-bit PNG of any colour type, which Pillow cannot write: 0 grey, 2 RGB, 4 grey with alpha, 6 RGBA."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff16(pixels: np.ndarray[Any, Any], *, big_endian: bool = False, white_is_zero: bool = False) -> bytes:
    """An uncompressed 16-bit grey TIFF in either byte order, with either meaning of zero."""
    order, mark = (">", b"MM") if big_endian else ("<", b"II")
    height, width = pixels.shape
    data = pixels.astype(f"{order}u2").tobytes()
    values = {256: width, 257: height, 258: 16, 259: 1, 262: 0 if white_is_zero else 1, 277: 1, 278: height}
    tags = [(tag, 4, value) for tag, value in values.items()] + [(273, 4, 8), (279, 4, len(data))]
    entries = b"".join(struct.pack(f"{order}HHII", tag, kind, 1, value) for tag, kind, value in sorted(tags))
    entries = struct.pack(f"{order}H", len(tags)) + entries + bytes(4)
    return mark + struct.pack(f"{order}HI", 42, 8 + len(data)) + data + entries


def decoded(data: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Picture.open(io.BytesIO(data)))


def stored(folder: Path, data: bytes) -> Image:
    """The picture as a benchmark has it: in a file, with its facts."""
    digest = hashlib.sha256(data).hexdigest()
    path = folder / digest
    path.write_bytes(data)
    return Image(digest, path, check_picture(data))
