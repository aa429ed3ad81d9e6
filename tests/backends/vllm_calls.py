"""Pictures and calls for the tests of vLLM."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from PIL import Image as Picture
from PIL import ImageDraw

from prism_engine.records import Call, Image, Message, ModelIdentity, Sampling

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.records import Part


def picture(folder: Path, number: int, mode: str = "RGB") -> Image:
    """Return a PNG of a few rectangles, another one for each number."""
    colour = tuple((number * step) % 256 for step in (37, 91, 151, 203))
    drawn = Picture.new("RGBA", (96 + number, 128), colour)
    place = 7 * (number % 9)
    ImageDraw.Draw(drawn).rectangle((place, place, place + 50, place + 30), fill=colour[::-1])
    path = folder / f"{mode}-{number}.png"
    drawn.convert(mode).save(path)
    return Image(hashlib.sha256(path.read_bytes()).hexdigest(), path)


def call(*parts: Part, max_tokens: int = 32, temperature: float = 0.0, seed: int | None = None) -> Call:
    """Return a call of one user turn."""
    sampling = Sampling(max_tokens=max_tokens, temperature=temperature, seed=seed)
    return Call("perceive", ModelIdentity("tiny", ()), (Message("user", parts),), sampling)
