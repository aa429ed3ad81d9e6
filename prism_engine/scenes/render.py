"""Draws a scene as a picture: flat shapes, jittered in position, size and colour, with centred labels."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    import random

    from prism_engine.scenes.scene import Scene, Thing

SIDE = 144
"""Side of the square pictures, in pixels."""
_CELL = SIDE / 3
_FONT = 22  # pixels
_REACH = {"small": 15.0, "large": 21.0}  # from a thing's centre to its edge, in pixels
_PAINTS = {
    "red": (215, 30, 35),
    "green": (30, 150, 50),
    "blue": (30, 70, 215),
    "yellow": (245, 215, 30),
    "purple": (130, 40, 165),
    "orange": (245, 130, 20),
    "black": (20, 20, 20),
    "pink": (250, 140, 190),
}
_GROUNDS = {"white": (250, 250, 250), "grey": (160, 160, 160), "cyan": (150, 225, 235), "brown": (120, 80, 50)}
_STAR_TIPS = 5


def render(scene: Scene, rng: random.Random) -> Image.Image:
    """Draw a scene as `SIDE` x `SIDE` RGB pixels, with jitter from `rng`."""
    picture = Image.new("RGB", (SIDE, SIDE), _jittered(_GROUNDS[scene.background], 5, rng))
    canvas = ImageDraw.Draw(picture)
    for thing in scene.things:
        _draw(canvas, thing, rng)
    return picture


def _draw(canvas: ImageDraw.ImageDraw, thing: Thing, rng: random.Random) -> None:
    x = (thing.cell % 3 + 0.5) * _CELL + rng.uniform(-1.5, 1.5)
    y = (thing.cell // 3 + 0.5) * _CELL + rng.uniform(-1.5, 1.5)
    reach = _REACH[thing.size] + rng.uniform(-0.7, 0.7)
    paint = _jittered(_PAINTS[thing.colour], 10, rng)
    if thing.shape == "circle":
        canvas.ellipse((x - reach, y - reach, x + reach, y + reach), fill=paint)
    else:
        canvas.polygon([(x + reach * dx, y + reach * dy) for dx, dy in _outline(thing.shape)], fill=paint)
    if thing.label:
        below = 2 if thing.shape == "triangle" else 0  # a triangle's centre is lower than that of its bounding box
        canvas.text(
            (x, y + below), thing.label, fill="white", font=_font(), anchor="mm", stroke_width=1, stroke_fill="black"
        )


@functools.cache
def _outline(shape: str) -> tuple[tuple[float, float], ...]:
    """Return the corners of a shape around (0, 0), in units of its reach."""
    match shape:
        case "square":
            return ((-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88))
        case "triangle":
            return ((0, -1), (1, 0.85), (-1, 0.85))
        case "diamond":
            return ((0, -1.05), (1, 0), (0, 1.05), (-1, 0))
        case "cross":
            arm = 0.42
            upper = ((-1, -arm), (-arm, -arm), (-arm, -1), (arm, -1), (arm, -arm), (1, -arm))
            return (*upper, *((-x, -y) for x, y in upper))
        case _:
            turns = range(2 * _STAR_TIPS)
            radii = [1.1 if turn % 2 == 0 else 0.48 for turn in turns]
            angles = [math.pi * turn / _STAR_TIPS - math.pi / 2 for turn in turns]
            return tuple((radius * math.cos(a), radius * math.sin(a)) for radius, a in zip(radii, angles, strict=True))


def _jittered(paint: tuple[int, int, int], reach: int, rng: random.Random) -> tuple[int, int, int]:
    red, green, blue = (max(0, min(255, value + rng.randint(-reach, reach))) for value in paint)
    return red, green, blue


@functools.cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=_FONT)
