"""Picture formats by their names in registry entries and in Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from prism_engine.config.bounds import MOST

if TYPE_CHECKING:
    from collections.abc import Sequence

ImageFormat = Literal["png", "jpeg", "webp", "gif", "bmp", "tiff", "avif", "jpeg2000"]
ImageSide = Annotated[int, Field(ge=16, le=MOST)]
API_IMAGE_FORMATS: tuple[ImageFormat, ...] = ("png", "jpeg", "webp", "gif")
"""What most APIs accept."""
_PILLOW_NAMES = {"jpeg": ("JPEG", "MPO"), "bmp": ("BMP", "DIB")}  # where one name is not enough: phones write MPO


def pillow_formats(formats: Sequence[ImageFormat] = API_IMAGE_FORMATS) -> frozenset[str]:
    """Return Pillow's names of picture formats."""
    return frozenset(name for each in formats for name in _PILLOW_NAMES.get(each, (each.upper(),)))
