"""Converts a stored picture for a model: decodes it, applies the steps of a `Conversion`, and encodes it."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from PIL import Image as PillowImage
from PIL import ImageOps

from prism_engine.errors import RejectedError
from prism_engine.imaging.depth import to_8_bits
from prism_engine.imaging.formats import BROKEN, PictureError, opened
from prism_engine.imaging.picture_rules import DEEP_MODES, conversion_of, scaled_size, url_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.imaging.picture_rules import Conversion
    from prism_engine.records import Image, PicturePolicy

QUALITY: Final = 95
"""JPEG quality of a picture that was a JPEG before: without a visible difference."""
LOWER_QUALITIES: Final = (90, 80, 70)
"""Tried in this order to fit a limit of bytes, before the picture is scaled down."""
SHRINK: Final = 0.75
"""Both sides are multiplied by this until the picture fits, at the lowest quality."""
SMALLEST_SIDE: Final = 16

_AT_ONCE = BoundedSemaphore(min(8, os.cpu_count() or 1))
"""Bounds the memory: a decoded picture may take half a gigabyte."""


def model_bytes(image: Image, policy: PicturePolicy | None) -> bytes:
    """Return the encoded bytes of a picture that a model with this policy gets.

    Raises:
        RejectedError: the picture cannot be read or converted.
    """
    try:
        data = image.path.read_bytes()
        conversion = conversion_of(image, policy)
        return data if conversion is None else converted(data, conversion)
    except OSError as error:
        raise RejectedError(f"cannot read the picture {image.path}: {error.strerror}") from error
    except PictureError as error:
        raise RejectedError(f"cannot convert the picture {image.path}: it {error}") from error


def converted(data: bytes, conversion: Conversion) -> bytes:
    """Return a picture after conversion, without its metadata; of several pages or frames, the first.

    Raises:
        PictureError: it cannot be decoded, or does not fit into `max_bytes` at any quality and size.
    """
    with _AT_ONCE, opened(data) as picture:
        was_jpeg = picture.format in ("JPEG", "MPO")
        pixels = plain(picture)
        size = scaled_size(*pixels.size, conversion.max_side)
        if size != pixels.size:
            pixels = pixels.resize(size, PillowImage.Resampling.LANCZOS)
        return _fitting(pixels, conversion, was_jpeg=was_jpeg)


def plain(picture: PillowImage.Image) -> PillowImage.Image:
    """Return the pixels upright, as 8-bit grey or RGB, or as RGBA if it has transparency."""
    picture.load()
    if picture.mode in DEEP_MODES:
        grey = to_8_bits(picture)
        grey.info = {key: value for key, value in picture.info.items() if key == "exif"}
        picture = grey
    upright = picture
    with suppress(*BROKEN):  # broken metadata of a sound picture
        upright = ImageOps.exif_transpose(picture)
    mode = "RGBA" if upright.has_transparency_data else "L" if upright.mode in ("1", "L") else "RGB"
    plain = upright.convert(mode)
    plain.info = {}  # Pillow would write some of it: a colour profile may be larger than the picture
    return plain


def _fitting(pixels: PillowImage.Image, conversion: Conversion, *, was_jpeg: bool) -> bytes:
    """Return the first encoding, in a fixed order, that fits into the limit of bytes, if there is one."""
    limit = conversion.max_bytes
    for data in _encodings(pixels, conversion, was_jpeg=was_jpeg):
        if limit is None or url_length(len(data)) <= limit:
            return data
    raise PictureError(f"does not fit into {limit:,} bytes, even scaled down to {SMALLEST_SIDE} pixels")


def _encodings(pixels: PillowImage.Image, conversion: Conversion, *, was_jpeg: bool) -> Iterator[bytes]:
    may_be_png, may_be_jpeg = ("PNG" in conversion.targets), ("JPEG" in conversion.targets)
    if may_be_png and not (was_jpeg and may_be_jpeg):
        yield _png(pixels)
    else:
        yield _jpeg(pixels, QUALITY)
    if may_be_jpeg:
        for quality in LOWER_QUALITIES:
            yield _jpeg(pixels, quality)
    side = max(pixels.size) * SHRINK
    while side >= SMALLEST_SIDE:
        smaller = pixels.resize(scaled_size(*pixels.size, round(side)), PillowImage.Resampling.LANCZOS)
        yield _jpeg(smaller, LOWER_QUALITIES[-1]) if may_be_jpeg else _png(smaller)
        side *= SHRINK


def _png(pixels: PillowImage.Image) -> bytes:
    stream = io.BytesIO()
    pixels.save(stream, "PNG", compress_level=6)
    return stream.getvalue()


def _jpeg(pixels: PillowImage.Image, quality: int) -> bytes:
    if pixels.mode == "RGBA":  # JPEG has no transparency; white is what vLLM puts below it, too
        white = PillowImage.new("RGB", pixels.size, "white")
        white.paste(pixels, mask=pixels.getchannel("A"))
        pixels = white
    stream = io.BytesIO()
    pixels.save(stream, "JPEG", quality=quality, subsampling=0)
    return stream.getvalue()
