"""The picture store: encoded pictures on disk, keyed by the digest of their bytes and checked once."""

from __future__ import annotations

import binascii
import hashlib
import io
import os
import re
import secrets
import struct
import zlib
from pathlib import Path

from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from prism_engine.errors import StoreError
from prism_engine.records import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MAX_PIXELS = 178_956_970
"""Largest picture that is decoded, in pixels (width x height): Pillow's limit, about 0.5 GB as RGB."""

_DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,")
_BLANKS = b" \t\r\n\v\f"


class PictureError(Exception):
    """The bytes are not a usable picture; the message says why. Callers add the file and the row."""


class ImageStore:
    """Pictures in a folder, one file each: `ab/cdef...` under the SHA-256 of the bytes.

    Safe to share between threads and processes: a file appears complete or not at all.

    Args:
        max_pixels: larger pictures are rejected by their header, before decoding.
    """

    def __init__(self, root: Path, *, max_pixels: int = MAX_PIXELS) -> None:
        self.root = root
        self._folder = f"{root}/"
        self.max_pixels = max_pixels

    def image(self, digest: str) -> Image:
        """The picture with this digest; does not check that it exists."""
        return Image(digest, Path(f"{self._folder}{digest[:2]}/{digest[2:]}"))  # three times as fast as joining

    def holds(self, digest: str, size: int) -> bool:
        """Whether the picture exists and has `size` bytes."""
        try:
            return self.image(digest).path.stat().st_size == size
        except OSError:
            return False

    def put(self, data: bytes) -> Image:
        """Check and store a picture; one that is already stored is neither checked nor written again.

        Raises:
            PictureError: the bytes are not a complete picture in a known format, or it is too large.
            StoreError: the folder cannot be written.
        """
        image = self.image(hashlib.sha256(data).hexdigest())
        if not self.holds(image.digest, len(data)):
            check_picture(data, self.max_pixels)
            _write(image.path, data)
        return image


def check_picture(data: bytes, max_pixels: int = MAX_PIXELS) -> None:
    """Decode a picture and discard the pixels: only full decoding detects a truncated file.

    Raises:
        PictureError: the bytes are not a complete picture in a known format, or it is too large.
    """
    try:
        with PillowImage.open(io.BytesIO(data), formats=FORMATS) as picture:
            _check_size(picture, max_pixels)
            picture.load()
    except UnidentifiedImageError as error:
        raise PictureError(f"is not a readable picture ({', '.join(FORMATS)})") from error
    except (PillowImage.DecompressionBombError, PillowImage.DecompressionBombWarning) as error:
        raise PictureError(f"claims more pixels than the {max_pixels:,} allowed") from error
    except (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError) as error:
        raise PictureError(f"is a broken picture: {error}") from error
    except (AttributeError, MemoryError, RuntimeError, struct.error, zlib.error) as error:
        raise PictureError(f"is a broken picture: {type(error).__name__}: {error}") from error


def decode_base64(text: str) -> bytes:
    """Decode base64 text, which may be wrapped in lines or start with `data:image/...;base64,`.

    Raises:
        PictureError: the text has an invalid character or wrong padding.
    """
    prefix = _DATA_URL.match(text)
    try:
        payload = (text[prefix.end() :] if prefix else text).encode("ascii").translate(None, _BLANKS)
        if len(payload) % 4:
            raise PictureError(f"is broken base64: {len(payload)} characters is not a multiple of 4; is it truncated?")
        return binascii.a2b_base64(payload, strict_mode=True)
    except UnicodeEncodeError as error:
        raise PictureError(f"is broken base64: it contains {text[error.start]!r}") from error
    except binascii.Error as error:
        raise PictureError(f"is broken base64: {error}") from error


def _check_size(picture: PillowImage.Image, limit: int) -> None:
    if picture.width * picture.height > limit:
        raise PictureError(
            f"claims {picture.width} x {picture.height} pixels, more than the {limit:,} allowed; scale it down"
        )


def _write(path: Path, data: bytes) -> None:
    building = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            building.write_bytes(data)
            building.replace(path)
        finally:
            building.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: the picture cannot be written: {error.strerror}") from error
