"""Picks the things that a question is about and phrases that identify them unambiguously."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.scenes.scene import SIZES
from prism_engine.scenes.words import sentence

if TYPE_CHECKING:
    import random

    from prism_engine.scenes.scene import Scene, Thing


def unique(scene: Scene, rng: random.Random) -> Thing | None:
    """Draw a thing with a unique colour and shape; None if there is none."""
    things = _uniques(scene)
    return rng.choice(things) if things else None


def unique_pair(scene: Scene, rng: random.Random) -> tuple[Thing, Thing] | None:
    """Draw two things that each have a unique colour and shape; None if there are fewer than two."""
    things = _uniques(scene)
    if len(things) < 2:
        return None
    one, other = rng.sample(things, 2)
    return one, other


def only(scene: Scene, rng: random.Random) -> Thing | None:
    """Return the only thing of a randomly drawn size; None if there is not exactly one."""
    size = rng.choice(SIZES)
    things = [thing for thing in scene.things if thing.size == size]
    return things[0] if len(things) == 1 else None


def at(thing: Thing) -> str:
    """Return a phrase that identifies a thing by its place."""
    return f"the object at the {thing.place}"


def phrase(scene: Scene, thing: Thing, rng: random.Random) -> str | None:
    """Return a phrase for a thing by its place or by colour and shape (at random); None if the latter is ambiguous."""
    if rng.random() < 0.5:
        return at(thing)
    return f"the {thing.name}" if scene.is_unique(thing) else None


def labelled(thing: Thing, words: str) -> str:
    """Return the part of the description that links the question's phrase to the label."""
    return sentence(thing) if thing.place in words else f"{thing.name} labelled {thing.label}"


def placed(thing: Thing) -> str:
    """Return a thing's name and place."""
    return f"{thing.name} at {thing.place}"


def _uniques(scene: Scene) -> list[Thing]:
    return [thing for thing in scene.things if scene.is_unique(thing)]
