"""Pictures and calls for the tests of vLLM, like those that nano-captioner was trained on."""

from __future__ import annotations

import hashlib
from random import Random
from typing import TYPE_CHECKING

from prism_engine.prompts import INSTRUCTIONS
from prism_engine.records import Call, Image, Message, ModelIdentity, Sampling
from prism_engine.scenes import description, drawn_scene, render

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.records import Part

TRANSLUCENT = 200
"""The alpha value (0 to 255) of pictures whose mode has an alpha channel."""


def picture(folder: Path, number: int, mode: str = "RGB") -> Image:
    """Return a PNG of a scene, a different one for each number."""
    drawn = render(drawn_scene(Random(number)), Random(number))
    drawn.putalpha(TRANSLUCENT)
    path = folder / f"{mode}-{number}.png"
    drawn.convert(mode).save(path)
    return Image(hashlib.sha256(path.read_bytes()).hexdigest(), path)


def right_description(number: int) -> str:
    """Return the correct description of the picture of a number."""
    return description(drawn_scene(Random(number)))


def call(*parts: Part, max_tokens: int = 512, temperature: float = 0.0, seed: int | None = None) -> Call:
    """Return a call of one user turn; if it has no text, the generic instruction is added."""
    worded = any(isinstance(part, str) for part in parts)
    content = parts if worded else (*parts, INSTRUCTIONS["generic"])
    sampling = Sampling(max_tokens=max_tokens, temperature=temperature, seed=seed)
    return Call("perceive", ModelIdentity("nano-captioner", ()), (Message("user", content),), sampling)
