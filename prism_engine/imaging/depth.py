"""Scales pixels of more than 8 bits (16-bit, 32-bit and float greys) to 8 bits.

Pillow's own conversion clips: everything above 255 becomes white, and a float picture from 0 to 1 black. Pictures of
more than 8 bits with three or four channels need nothing: Pillow decodes them to their high bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PIL import Image as PillowImage

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

_STRIPE: Final = 1 << 22
"""Pixels that are converted at a time, which bounds the memory for a large picture."""
_WHITE: Final = 255
_BLACK: Final = 16
"""A picture whose brightest pixel is below this level of 255 is black to the eye: its range must be a smaller one."""
_PHOTOMETRIC: Final = 262
_WHITE_IS_ZERO: Final = 0


class _Levels(NamedTuple):
    """The pixels' range: integers or floats, and their finite extremes."""

    is_float: bool
    low: float
    high: float

    @property
    def fits(self) -> bool:
        """Whether the pixels are 8-bit levels already, which only have a wider type."""
        return self.low >= 0 and (not self.is_float or self.high >= _BLACK) and self.high <= _WHITE

    @property
    def black_and_white(self) -> tuple[float, float]:
        """The levels that become 0 and 256 (255 for floats)."""
        if self.is_float:
            return (0, 1) if self.low >= 0 and self.high <= 1 else (self.low, self.high)
        for bits in (12, 16):  # 12 bits in a wider type are common: X-rays, microscopes, raw photographs
            if self.low >= 0 and self.high < 1 << bits:
                return 0, 1 << bits
        return self.low, self.high + 1


def would_clip(picture: PillowImage.Image) -> bool:
    """Whether Pillow's conversion to 8 bits would lose or flatten levels of a deep picture (see `DEEP_MODES`).

    Raises:
        ValueError: no pixel is a finite number.
    """
    return not _levels(picture).fits


def to_8_bits(picture: PillowImage.Image) -> PillowImage.Image:
    """Return a deep picture as 8-bit grey.

    - Levels from 0 to 255 stay as they are: 8-bit data in a wider type.
    - Integers below 4096 are 12-bit data and integers below 65536 16-bit data; both keep their highest 8 bits, as
      Pillow does with 16-bit colours, so a grey picture equals its 8-bit twin.
    - Floats from 0 to 1 are multiplied by 255.
    - Any other range is stretched from black to white.

    NaN becomes black; infinities are black and white.

    Raises:
        ValueError: no pixel is a finite number.
    """
    levels = _levels(picture)
    scaled = PillowImage.new("L", picture.size)
    for top, stripe in _stripes(picture):
        scaled.paste(PillowImage.fromarray(_scaled(stripe, levels)), (0, top))
    tags: Any = getattr(picture, "tag_v2", {})
    if not levels.is_float and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:  # which Pillow ignores for these modes
        return scaled.point([_WHITE - level for level in range(_WHITE + 1)])
    return scaled


def _scaled(stripe: np.ndarray[Any, Any], levels: _Levels) -> np.ndarray[Any, Any]:
    import numpy as np  # noqa: PLC0415 - heavy, and few pictures need it

    values = np.nan_to_num(stripe.astype(np.float64), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    if not levels.fits:
        black, white = levels.black_and_white
        span = max(white - black, 1e-300)
        steps, rounding = (_WHITE, 0.5) if levels.is_float else (_WHITE + 1, 0)
        values = (values - black) * steps / span + rounding
    levels_of_8_bits: np.ndarray[Any, Any] = np.clip(values, 0, _WHITE).astype(np.uint8)
    return levels_of_8_bits


def _levels(picture: PillowImage.Image) -> _Levels:
    import numpy as np  # noqa: PLC0415 - see above

    low, high, is_float = np.inf, -np.inf, False
    for _, stripe in _stripes(picture):
        is_float = stripe.dtype.kind == "f"
        finite = stripe[np.isfinite(stripe)] if is_float else stripe
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        raise ValueError("no pixel is a finite number")
    return _Levels(is_float, low, high)


def _stripes(picture: PillowImage.Image) -> Iterator[tuple[int, np.ndarray[Any, Any]]]:
    """Yield the picture in stripes of full rows, each with its first row."""
    import numpy as np  # noqa: PLC0415 - see above

    rows = max(1, _STRIPE // picture.width)
    for top in range(0, picture.height, rows):
        box = (0, top, picture.width, min(top + rows, picture.height))
        yield top, np.asarray(picture.crop(box))
