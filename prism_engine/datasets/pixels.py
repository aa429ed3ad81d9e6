"""Encodes pixels that are in memory, a PIL image or a NumPy array, as PNG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from PIL import Image as PillowImage

from prism_engine.datasets.images import PictureError
from prism_engine.imaging.depth import to_8_bits
from prism_engine.imaging.picture_rules import DEEP_MODES

if TYPE_CHECKING:
    import numpy as np

_KEPT: Final = ("RGB", "RGBA", "L")
_CONVERTED: Final = {"1": "L", "LA": "RGBA", "La": "RGBA", "PA": "RGBA", "RGBa": "RGBA", "RGBX": "RGB"} | dict.fromkeys(
    ("CMYK", "YCbCr", "LAB", "HSV"), "RGB"
)
"""PIL modes without an own kind of PNG here. Those of more than 8 bits are scaled, as in files."""


def encode_pixels(picture: PillowImage.Image | np.ndarray[Any, Any]) -> bytes:
    """Encode a picture losslessly, without its metadata: the same pixels always give the same bytes.

    (With the same version of Pillow, whose compression decides on the bytes.)

    Args:
        picture: a PIL image, or an array of uint8: (H, W, 3), RGB, or (H, W), grey.

    Raises:
        PictureError: the array has another shape or type, or the image another mode.
    """
    pixels = _flattened(picture) if isinstance(picture, PillowImage.Image) else _from_array(picture)
    stream = io.BytesIO()
    # A new image has none of the metadata (colour profile, resolution, ...) that Pillow would write from the original.
    bare = PillowImage.frombytes(pixels.mode, pixels.size, pixels.tobytes())
    bare.save(stream, "PNG", optimize=False, compress_level=6)
    return stream.getvalue()


def _flattened(picture: PillowImage.Image) -> PillowImage.Image:
    _check_size(picture.size)
    try:
        picture.load()
        if picture.mode in DEEP_MODES:
            return to_8_bits(picture)
        if picture.mode == "P" or "transparency" in picture.info:
            return picture.convert("RGBA" if "transparency" in picture.info else "RGB")
        if picture.mode in _KEPT:
            return picture
        if (mode := _CONVERTED.get(picture.mode)) is not None:
            return picture.convert(mode)
    except (OSError, ValueError, SyntaxError) as error:  # opened from a broken file, which only loading shows
        raise PictureError(f"is a broken picture: {error}") from error
    raise PictureError(f"is a PIL image of mode {picture.mode!r}; convert it to RGB or L")


def _from_array(array: np.ndarray[Any, Any]) -> PillowImage.Image:
    is_grey, is_rgb = array.ndim == 2, array.ndim == 3 and array.shape[-1] == 3
    if array.dtype != "uint8" or not (is_grey or is_rgb):
        raise PictureError(
            f"is an array of shape {array.shape} and type {array.dtype}; it must be (H, W, 3), RGB, or (H, W), grey, "
            "of uint8 (0 to 255)"
        )
    height, width = array.shape[:2]
    _check_size((width, height))
    return PillowImage.frombytes("L" if is_grey else "RGB", (width, height), array.tobytes())


def _check_size(size: tuple[int, int]) -> None:
    if 0 in size:
        raise PictureError(f"has no pixels ({size[0]} x {size[1]})")
