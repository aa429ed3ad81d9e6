"""The picture store: encoded pictures on disk, keyed by the digest of their bytes and checked once."""

from __future__ import annotations

import binascii
import hashlib
import os
import re
from contextlib import suppress
from itertools import count
from pathlib import Path

from prism_engine.errors import StoreError
from prism_engine.imaging.formats import FORMATS, MAX_PIXELS, PictureError, check_picture, picture_facts
from prism_engine.records import Image, PictureFacts

__all__ = ["FORMATS", "MAX_PIXELS", "ImageStore", "PictureError", "check_picture", "decode_base64"]

_DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,")
_LITERAL = re.compile(r"\s*b(['\"])(.*)\1\s*", re.DOTALL)
"""How Python writes bytes, as `str(base64.b64encode(...))` leaves them."""
_BLANKS = b" \t\r\n\v\f"
_REMEMBERED = 4096


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
        self._facts: dict[str, PictureFacts] = {}
        self._numbers = count()

    def image(self, digest: str, facts: PictureFacts | None = None) -> Image:
        """The picture with this digest; does not check that it exists."""
        return Image(digest, Path(self._place(digest)), facts)  # three times as fast as joining

    def holds(self, digest: str, size: int) -> bool:
        """Whether the picture exists and has `size` bytes."""
        try:
            return os.stat(self._place(digest)).st_size == size  # noqa: PTH116 - no Path is made for each picture
        except OSError:
            return False

    def put(self, data: bytes) -> Image:
        """Check and store a picture, and return it with its facts.

        One that is already stored is neither checked nor written again; only its header is read.

        Raises:
            PictureError: the bytes are not a complete picture in a known format, or it is too large.
            StoreError: the folder cannot be written.
        """
        digest = hashlib.sha256(data).hexdigest()
        if not self.holds(digest, len(data)):
            facts = check_picture(data, self.max_pixels)
            self._write(self._place(digest), data)
        elif (known := self._facts.get(digest)) is not None:
            facts = known
        else:
            facts = picture_facts(data)
        if len(self._facts) >= _REMEMBERED:
            self._facts.clear()
        self._facts[digest] = facts  # rows often share a picture
        return self.image(digest, facts)

    def _place(self, digest: str) -> str:
        return f"{self._folder}{digest[:2]}/{digest[2:]}"

    def _write(self, place: str, data: bytes) -> None:
        folder, name = os.path.split(place)
        building = f"{folder}/.{name}.{os.getpid()}-{next(self._numbers)}"
        try:
            try:
                _write_file(building, data)
            except FileNotFoundError:
                Path(folder).mkdir(parents=True, exist_ok=True)
                _write_file(building, data)
            os.replace(building, place)  # noqa: PTH105 - no Path is made for each picture
        except BaseException as error:
            with suppress(OSError):
                Path(building).unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise StoreError(f"{place}: the picture cannot be written: {error.strerror}") from error
            raise


def _write_file(place: str, data: bytes) -> None:
    with open(place, "wb", buffering=0) as file:  # noqa: PTH123 - no Path is made for each picture
        written = file.write(data)
        while written < len(data):  # more than 2 GB, or almost no space left
            written += file.write(memoryview(data)[written:])


def decode_base64(text: str) -> bytes:
    """Decode base64 text, which may be wrapped in lines, in Python's `b'...'`, or start with `data:image/...;base64,`.

    Raises:
        PictureError: the text has an invalid character or wrong padding.
    """
    if (literal := _LITERAL.fullmatch(text)) is not None:
        text = literal[2]
        if "\\x" in text:
            raise PictureError("is bytes as Python prints them; write them with base64.b64encode(data).decode()")
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
