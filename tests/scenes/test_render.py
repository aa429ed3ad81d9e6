"""Pictures match their scenes."""

from __future__ import annotations

import random

import pytest
from PIL import Image, ImageChops

from prism_engine.scenes import Scene, Thing, render
from prism_engine.scenes.render import SIDE
from prism_engine.scenes.scene import BACKGROUNDS, COLOURS, LABELS, SHAPES, SIZES

CELL = SIDE // 3
SEEN = {
    "red": (220, 20, 40),
    "green": (40, 150, 60),
    "blue": (20, 60, 220),
    "yellow": (250, 220, 40),
    "purple": (128, 32, 160),
    "orange": (255, 128, 0),
    "black": (0, 0, 0),
    "pink": (255, 145, 185),
}
GROUNDS = {"white": (255, 255, 255), "grey": (160, 160, 160), "cyan": (150, 230, 240), "brown": (120, 80, 50)}
"""Colours as people would name them, independent of the package."""


def named(paint, names):
    return min(names, key=lambda name: sum((one - other) ** 2 for one, other in zip(paint, names[name], strict=True)))


def paint_at(picture, x, y):
    """Return a pixel's colour; (0, 0) is always background."""
    (_, paint), *_ = picture.crop((x, y, x + 1, y + 1)).getcolors()
    return paint


def test_pictures_are_squares_of_one_size_in_rgb(benchmark_rows):
    assert {(picture.size, picture.mode) for *_, picture in benchmark_rows} == {((SIDE, SIDE), "RGB")}


def test_the_same_state_draws_the_same_picture(benchmark_rows):
    for scene, *_ in benchmark_rows[:20]:
        first, again, other = (render(scene, random.Random(seed)).tobytes() for seed in (1, 1, 2))
        assert first == again != other


def test_every_colour_is_found_where_its_thing_stands_and_nothing_elsewhere(benchmark_rows):
    for scene, _, picture in benchmark_rows[:300]:
        ground = paint_at(picture, 0, 0)
        assert named(ground, GROUNDS) == scene.background
        things = {thing.cell: thing for thing in scene.things}
        for cell in range(9):
            x, y = cell % 3 * CELL, cell // 3 * CELL
            inside = picture.crop((x + 3, y + 3, x + CELL - 3, y + CELL - 3)).getcolors()
            seen = [(count, paint) for count, paint in inside if paint != ground]
            assert bool(seen) == (cell in things)
            if seen:
                count, paint = max(seen)
                assert named(paint, SEEN) == things[cell].colour
                assert count > 60


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", SIZES)
def test_a_thing_keeps_to_its_cell_and_its_size_can_be_seen(shape, size):
    rng = random.Random(5)
    for _ in range(60):
        thing = Thing(4, size, rng.choice(COLOURS), shape, rng.choice((None, *LABELS)))
        left, top, right, bottom = box(render(Scene("white", (thing,)), rng))
        # The tips of large stars and diamonds may cross the cell's edge, where nothing else is near.
        slack = 2 if size == "large" and shape in {"star", "diamond"} else 0
        assert min(left, top) >= CELL - slack
        assert max(right, bottom) <= 2 * CELL + slack
        assert (max(right - left, bottom - top) > 34) == (size == "large")


def box(picture):
    """Return the bounding box of everything but the background."""
    return ImageChops.difference(picture, Image.new("RGB", picture.size, paint_at(picture, 0, 0))).getbbox()


def test_labels_change_the_picture_and_each_looks_different():
    pictures = set()
    for label in (None, *LABELS):
        scene = Scene("brown", (Thing(4, "small", "black", "star", label),))
        pictures.add(render(scene, random.Random(3)).tobytes())
    assert len(pictures) == len(LABELS) + 1


def test_colours_and_grounds_are_far_apart():
    rng = random.Random(4)
    for background in BACKGROUNDS:
        for colour in COLOURS:
            picture = render(Scene(background, (Thing(4, "large", colour, "square", None),)), rng)
            paint, ground = paint_at(picture, SIDE // 2, SIDE // 2), paint_at(picture, 0, 0)
            assert sum(abs(one - other) for one, other in zip(paint, ground, strict=True)) > 100, (background, colour)
