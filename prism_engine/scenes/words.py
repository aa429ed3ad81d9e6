"""Writes a scene as a gold description, whole or in part, and parses descriptions back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prism_engine.scenes.scene import PLACES, Scene, Thing

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = re.compile(r"A (\w+) background with (\d+) objects?")
_THING = re.compile(r"([a-z-]+): (\w+) (\w+) (\w+)(?: labelled (\w))?")


def sentence(thing: Thing) -> str:
    """Return the part of a description that is about one thing."""
    label = f" labelled {thing.label}" if thing.label else ""
    return f"{thing.place}: {thing.size} {thing.name}{label}"


def description(scene: Scene, things: Iterable[Thing] | None = None) -> str:
    """Return a scene's description: background, number of objects, then every thing, or only the given ones."""
    count = len(scene.things)
    head = f"A {scene.background} background with {count} object{'' if count == 1 else 's'}"
    return "; ".join((head, *map(sentence, scene.things if things is None else things))) + "."


def read_description(text: str) -> tuple[str | None, int | None, dict[int, Thing]]:
    """Parse a model's description into background, number of objects, and things by cell.

    Text that is not in the description format is ignored; the first thing named for a cell counts.
    """
    head = _HEAD.search(text)
    things: dict[int, Thing] = {}
    for place, size, colour, shape, label in _THING.findall(text):
        if place in PLACES:
            things.setdefault(PLACES.index(place), Thing(PLACES.index(place), size, colour, shape, label or None))
    return (head[1], int(head[2]), things) if head else (None, None, things)
