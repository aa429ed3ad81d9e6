"""Decides how a model gets a picture: as stored, or converted by a named rule, which is part of the call's key."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.records import Image, PictureFacts, PicturePolicy

TARGETS: Final = ("PNG", "JPEG")
"""The formats that pictures are converted to; every API takes at least one of them."""
DEEP_MODES: Final = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N", "F"})
"""Pillow's modes of one channel with more than 8 bits."""

_MOST_PER_PIXEL: Final = 4
"""Maximum bytes of an encoded pixel: PNG stores RGBA, and JPEG needs no more for noise."""
_PREFIX: Final = len("data:image/jpeg2000;base64,")
_BLOCK: Final = 8
"""JPEG fills both sides up to a multiple of this."""
_MOST_AROUND: Final = 4096
"""Maximum bytes of everything else in a converted picture, which has no metadata."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What is done to a picture before a model gets it; at least one of the steps."""

    to_8_bits: bool = False
    """Scale pixels of more than 8 bits; see `depth.py`."""
    new_format: bool = False
    """Encode the same pixels in a format that the API accepts."""
    max_side: int | None = None
    """Scale it down to this many pixels at the longer side."""
    max_bytes: int | None = None
    """Make its data URL fit into this many bytes: as JPEG, at lower quality, then scaled down."""
    targets: tuple[str, ...] = TARGETS
    """Formats that the API accepts, of those that pictures can be converted to."""

    @property
    def rule(self) -> str:
        """The rule's name in a call's key.

        The key has the digest of the stored bytes and this name, never the digest of the converted bytes: those depend
        on the version of Pillow and its compression libraries, so a key made of them would miss after an update. Each
        step has its own version, which is raised when the step's pixels change, so that only its calls are made again.
        """
        steps = [
            "8 bits v1" if self.to_8_bits else "",
            "format v1" if self.new_format else "",
            f"side {self.max_side} v1" if self.max_side else "",
            f"bytes {self.max_bytes} v1" if self.max_bytes else "",
            "" if self.targets == TARGETS else f"as {'/'.join(self.targets)}",
        ]
        return ", ".join(filter(None, steps))

    def steps(self, facts: PictureFacts) -> tuple[str, ...]:
        """What is done to a picture with these facts, in words."""
        said = [
            "16-bit or float, scaled to 8 bits" if self.to_8_bits else "",
            f"{facts.format} as {self.targets[0]}" if self.new_format else "",
            f"scaled down to max_image_side {self.max_side:,}" if self.max_side else "",
            f"made to fit max_image_bytes {self.max_bytes:,}" if self.max_bytes else "",
        ]
        return tuple(filter(None, said))


def conversion_of(image: Image, policy: PicturePolicy | None) -> Conversion | None:
    """Return how a model with this policy gets a picture; None if it gets the stored bytes.

    Depends only on what is known without decoding, so that keys and plans need no pixels. A limit of bytes is part of
    the rule if the result of the other steps might exceed it.
    """
    facts = image.facts
    if policy is None or facts is None:
        return None
    to_8_bits = facts.clips or (policy.formats is not None and facts.mode in DEEP_MODES)
    new_format = not to_8_bits and policy.formats is not None and facts.format not in policy.formats
    max_side = policy.max_side if policy.max_side and max(facts.width, facts.height) > policy.max_side else None
    is_converted = to_8_bits or new_format or max_side is not None
    size = _largest(facts, max_side) if is_converted else facts.size
    max_bytes = policy.max_bytes if policy.max_bytes and url_length(size) > policy.max_bytes else None
    if not is_converted and max_bytes is None:
        return None
    targets = TARGETS if policy.formats is None else tuple(name for name in TARGETS if name in policy.formats)
    return Conversion(to_8_bits, new_format, max_side, max_bytes, targets)


def steps_of(image: Image, policy: PicturePolicy | None) -> tuple[str, ...]:
    """Return what is done to a picture before a model with this policy gets it, in words; empty if nothing is."""
    conversion = conversion_of(image, policy)
    return () if conversion is None or image.facts is None else conversion.steps(image.facts)


def summary(pictures: Iterable[tuple[str, ...]]) -> str:
    """Return a text that counts converted pictures, each given by its steps: `4 (BMP as PNG: 3; TIFF as PNG: 1)`."""
    each = list(pictures)
    counts = Counter(step for steps in each for step in steps)
    return f"{len(each):,} ({'; '.join(f'{step}: {count:,}' for step, count in sorted(counts.items()))})"


def url_length(size: int) -> int:
    """Length of the data URL of a picture of so many bytes: a prefix and base64 text."""
    return _PREFIX + -(-size // 3) * 4


def _largest(facts: PictureFacts, max_side: int | None) -> int:
    width, height = scaled_size(facts.width, facts.height, max_side)
    return _MOST_PER_PIXEL * (-(-width // _BLOCK) * _BLOCK) * (-(-height // _BLOCK) * _BLOCK) + _MOST_AROUND


def scaled_size(width: int, height: int, max_side: int | None) -> tuple[int, int]:
    """Return the size of a picture whose longer side is at most `max_side`, in the same proportion."""
    longer = max(width, height)
    if max_side is None or longer <= max_side:
        return width, height
    return max(1, round(width * max_side / longer)), max(1, round(height * max_side / longer))
