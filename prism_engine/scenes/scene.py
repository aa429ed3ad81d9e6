"""A random scene: up to five things in the cells of a 3x3 grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

SHAPES = ("circle", "square", "triangle", "star", "diamond", "cross")
COLOURS = ("red", "green", "blue", "yellow", "purple", "orange", "black", "pink")
SIZES = ("small", "large")
DIGITS = ("1", "2", "3", "4", "5", "6", "7")
LETTERS = ("H", "T", "X")
"""Excludes option letters (A-D), so a label cannot be mistaken for an answer."""
LABELS = DIGITS + LETTERS
BACKGROUNDS = ("white", "grey", "cyan", "brown")
PLACES = (
    *("top-left", "top-centre", "top-right"),
    *("middle-left", "centre", "middle-right"),
    *("bottom-left", "bottom-centre", "bottom-right"),
)
"""Names of the cells, row by row."""
MOST_THINGS = 5


@dataclass(frozen=True, slots=True)
class Thing:
    """One object of a scene."""

    cell: int
    """0 to 8, row by row."""
    size: str
    colour: str
    shape: str
    label: str | None
    """The digit or letter written on it."""

    @property
    def place(self) -> str:
        """Name of its cell."""
        return PLACES[self.cell]

    @property
    def name(self) -> str:
        """Colour and shape."""
        return f"{self.colour} {self.shape}"


@dataclass(frozen=True, slots=True)
class Scene:
    """The content of a picture."""

    background: str
    things: tuple[Thing, ...]
    """Sorted by cell, at most one per cell."""

    def is_unique(self, thing: Thing) -> bool:
        """Return whether no other thing has the same colour and shape."""
        return sum(other.name == thing.name for other in self.things) == 1


def drawn_scene(rng: random.Random, *, least: int = 1, most: int = MOST_THINGS, labelled: float = 0.6) -> Scene:
    """Draw a scene.

    Scenes tend to have few colours and shapes, so that things often have something in common.

    Args:
        rng: the only source of randomness; the same state gives the same scene.
        least: minimum number of things.
        most: maximum number of things.
        labelled: share of things with a label: a digit (three in four) or a letter.
    """
    colours = rng.sample(COLOURS, rng.choice((2, 3, 8)))
    shapes = rng.sample(SHAPES, rng.choice((2, 3, 6)))
    things = []
    for cell in sorted(rng.sample(range(len(PLACES)), rng.randint(least, most))):
        label = None
        if rng.random() < labelled:
            label = rng.choice(DIGITS if rng.random() < 0.75 else LETTERS)
        things.append(Thing(cell, rng.choice(SIZES), rng.choice(colours), rng.choice(shapes), label))
    return Scene(rng.choice(BACKGROUNDS), tuple(things))
