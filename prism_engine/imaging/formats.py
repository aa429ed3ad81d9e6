"""Opens encoded pictures of every format that prism reads, and reads the facts that decide on their conversion."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from prism_engine.imaging.depth import would_clip
from prism_engine.imaging.picture_rules import DEEP_MODES
from prism_engine.records import PictureFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""The common formats, by Pillow's names. They are tried first; only then are Pillow's other readers loaded."""
MAX_PIXELS: Final = 178_956_970
"""Largest picture that is decoded, in pixels (width x height): Pillow's limit, about 0.5 GB as RGB."""

_SUBFILE: Final = 254
_SMALLER_COPY: Final = 1
_UNREAD: Final = frozenset({"BUFR", "EPS", "FITS", "GRIB", "HDF5", "IM", "IMT", "IPTC", "MPEG", "WMF"})
"""Readers of Pillow that are not used: they start another program, decode no pixels or the wrong ones, unpack without a
bound (FITS, in older versions), or take almost any text."""


BROKEN: Final = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError),
    *(TypeError, ValueError, struct.error, zlib.error),
)
"""What Pillow may raise for a broken file."""


class PictureError(Exception):
    """The bytes are not a usable picture; the message says why. Callers add the file and the row."""


@contextmanager
def opened(data: bytes, max_pixels: int = MAX_PIXELS) -> Iterator[PillowImage.Image]:
    """Open a picture by its header, to be decoded within the block; the block's errors of decoding are translated.

    Raises:
        PictureError: the bytes are not a complete picture in a known format, or it is too large.
    """
    try:
        with _identified(data) as picture:
            _check_size(picture, max_pixels)
            yield picture
            _check_size(picture, max_pixels)  # icons may hold larger pictures than their header says
    except UnidentifiedImageError as error:
        raise PictureError(
            f"is not a readable picture ({', '.join(FORMATS)}, AVIF, JPEG 2000 and others that Pillow reads)"
        ) from error
    except (PillowImage.DecompressionBombError, PillowImage.DecompressionBombWarning) as error:
        raise PictureError(f"claims more pixels than the {max_pixels:,} allowed") from error
    except (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError) as error:
        raise PictureError(f"is a broken picture: {error}") from error
    except (AttributeError, MemoryError, RuntimeError, struct.error, zlib.error) as error:
        raise PictureError(f"is a broken picture: {type(error).__name__}: {error}") from error


def check_picture(data: bytes, max_pixels: int = MAX_PIXELS) -> PictureFacts:
    """Decode a picture and discard the pixels: only full decoding detects a truncated file.

    Raises:
        PictureError: the bytes are not a complete picture in a known format, or it is too large.
    """
    with opened(data, max_pixels) as picture:
        picture.load()
        return _facts(picture, len(data))


def picture_facts(data: bytes) -> PictureFacts:
    """Return the facts of a picture that was checked before; decodes it only if it has more than 8 bits.

    Raises:
        PictureError: as for `check_picture`.
    """
    with opened(data) as picture:
        return _facts(picture, len(data))


def _identified(data: bytes) -> PillowImage.Image:
    try:
        return PillowImage.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        PillowImage.init()
        # A copy, because another thread may be adding readers.
        others = [name for name in list(PillowImage.OPEN) if name not in _UNREAD and name not in FORMATS]
        return PillowImage.open(io.BytesIO(data), formats=others)


def _facts(picture: PillowImage.Image, size: int) -> PictureFacts:
    clips = picture.mode in DEEP_MODES and would_clip(picture)
    facts = PictureFacts(picture.format or "", picture.mode, picture.width, picture.height, size, clips)
    return facts._replace(pages=_has_pages(picture))


def _has_pages(picture: PillowImage.Image) -> bool:
    """Whether it has pages after the first, which no model sees. The frames of an animation do not count."""
    if picture.format != "TIFF":
        return False
    with suppress(*BROKEN):  # EOFError if there is none; whatever else is wrong with a second page, the first is sound
        picture.seek(1)
        tags: Any = getattr(picture, "tag_v2", {})
        return not int(tags.get(_SUBFILE, 0)) & _SMALLER_COPY
    return False


def _check_size(picture: PillowImage.Image, limit: int) -> None:
    if picture.width * picture.height > limit:
        raise PictureError(
            f"claims {picture.width} x {picture.height} pixels, more than the {limit:,} allowed; scale it down"
        )
