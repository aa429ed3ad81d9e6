"""Question generators, one per kind: question text, answer and reasoning steps for a scene.

Each returns None if the question would be ambiguous for the scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.scenes.picking import at, labelled, only, phrase, placed, unique, unique_pair
from prism_engine.scenes.scene import DIGITS, PLACES
from prism_engine.scenes.words import sentence

if TYPE_CHECKING:
    import random

    from prism_engine.scenes.scene import Scene, Thing

RELATIONS = ("above", "below", "left", "right", "upper-left", "upper-right", "lower-left", "lower-right")
COMMON = ("size", "colour", "shape", "nothing")
_MOVES = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}  # rows, columns
_REACHED = {
    name: {
        PLACES[3 * row + column]: PLACES[3 * (row + rows) + column + columns]
        for row in range(3)
        for column in range(3)
        if 0 <= row + rows < 3 and 0 <= column + columns < 3
    }
    for name, (rows, columns) in _MOVES.items()
}
"""Per move: destination by starting place, for places where the move stays on the grid."""
MOVED_TO = tuple(place for places in _REACHED.values() for place in places.values())
"""Each place, repeated once per move that leads there, so uniform draws make every option equally likely."""


@dataclass(frozen=True, slots=True)
class DraftQuestion:
    """A question before its options are drawn."""

    text: str
    answer: str
    contents: str
    things: tuple[Thing, ...]
    steps: str
    among: tuple[str, ...] = ()
    """What the options are drawn from, if not from all correct answers of the kind."""


def background(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask for the background's colour."""
    del rng
    text = "What colour is the background?"
    return DraftQuestion(text, scene.background, "the colour of the background", (), f"{scene.background} background")


def count(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask for the number of things."""
    del rng
    number = str(len(scene.things))
    steps = f"{number} object{'' if number == '1' else 's'}"
    return DraftQuestion("How many objects are there?", number, "the number of objects", (), steps)


def colour_at(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask for the colour of the thing in a cell."""
    thing = rng.choice(scene.things)
    words = at(thing)
    return DraftQuestion(f"What colour is {words}?", thing.colour, f"the colour of {words}", (thing,), sentence(thing))


def shape_at(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask for the shape of the thing in a cell."""
    thing = rng.choice(scene.things)
    words = at(thing)
    return DraftQuestion(f"What shape is {words}?", thing.shape, f"the shape of {words}", (thing,), sentence(thing))


def label(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask what is written on a thing."""
    thing = rng.choice(scene.things)
    words = phrase(scene, thing, rng)
    if words is None or thing.label is None:
        return None
    return DraftQuestion(
        f"What is written on {words}?", thing.label, f"the label of {words}", (thing,), labelled(thing, words)
    )


def position(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask where a thing is."""
    thing = unique(scene, rng)
    if thing is None:
        return None
    words = f"the {thing.name}"
    return DraftQuestion(f"Where is {words}?", thing.place, f"the position of {words}", (thing,), placed(thing))


def relation(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask for a thing's position relative to another."""
    pair = unique_pair(scene, rng)
    if pair is None:
        return None
    one, other = pair
    rows, columns = one.cell // 3 - other.cell // 3, one.cell % 3 - other.cell % 3
    vertical = ("", "lower", "upper")[(rows > 0) - (rows < 0)]
    horizontal = ("", "right", "left")[(columns > 0) - (columns < 0)]
    slanted = bool(vertical and horizontal)
    straight = {"upper": "above", "lower": "below"}.get(vertical, horizontal)
    return DraftQuestion(
        f"Where is the {one.name} relative to the {other.name}?",
        f"{vertical}-{horizontal}" if slanted else straight,
        f"the positions of the {one.name} and the {other.name}",
        pair,
        f"{placed(one)}, {placed(other)}",
        # Upper-left could also be called above, so options are either all diagonal or all straight.
        among=RELATIONS[4:] if slanted else RELATIONS[:4],
    )


def in_common(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask which attribute two things share, if any."""
    one, other = rng.sample(scene.things, 2)
    shared = [name for name in COMMON[:-1] if getattr(one, name) == getattr(other, name)]
    if len(shared) > 1 or (one.label and one.label == other.label):  # a shared label is not among the options
        return None
    compared = [f"{name} {getattr(one, name)} {getattr(other, name)}" for name in COMMON[:-1]]
    return DraftQuestion(
        f"What do {at(one)} and {at(other)} have in common?",
        shared[0] if shared else COMMON[-1],
        f"the size, colour and shape of {at(one)} and {at(other)}",
        (one, other),
        ", ".join((sentence(one), sentence(other), *compared)),
    )


def only_colour(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask for the colour of the only thing of a size."""
    thing = only(scene, rng)
    if thing is None:
        return None
    return DraftQuestion(
        f"What colour is the only {thing.size} object?",
        thing.colour,
        "the sizes and colours of all objects",
        scene.things,
        f"{thing.size} {thing.name}",
    )


def only_shape(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask for the shape of the only thing of a size."""
    thing = only(scene, rng)
    if thing is None:
        return None
    return DraftQuestion(
        f"What shape is the only {thing.size} object?",
        thing.shape,
        "the sizes and shapes of all objects",
        scene.things,
        f"{thing.size} {thing.name}",
    )


def remaining(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask how many things remain after removing all things of one colour."""
    colour = rng.choice(scene.things).colour
    left, steps = 0, []
    for thing in scene.things:
        left += thing.colour != colour
        steps.append(f"{thing.place} {thing.colour} {left}")
    return DraftQuestion(
        f"If every {colour} object is removed, how many objects remain?",
        str(left),
        "the colours of all objects",
        scene.things,
        ", ".join(steps),
    )


def traded(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask where a thing is after trading places with another."""
    pair = unique_pair(scene, rng)
    if pair is None:
        return None
    one, other = pair
    return DraftQuestion(
        f"If the {one.name} and the {other.name} trade places, where is the {one.name}?",
        other.place,
        f"the positions of the {one.name} and the {other.name}",
        pair,
        placed(other),
    )


def moved(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask where a thing is after moving one cell."""
    thing = unique(scene, rng)
    name = rng.choice(tuple(_REACHED))
    if thing is None:
        return None
    reached = _REACHED[name]
    if thing.place not in reached:
        return None
    return DraftQuestion(
        f"If the {thing.name} moves one cell {name}, where is it?",
        reached[thing.place],
        f"the position of the {thing.name}",
        (thing,),
        f"{placed(thing)}, {name}",
        among=tuple(reached.values()),
    )


def total(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask for the sum of two numbers."""
    return _arithmetic(scene, rng, "What is the sum of the numbers on {} and {}?", "+")


def difference(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask for the difference of two numbers."""
    return _arithmetic(scene, rng, "What is the difference between the numbers on {} and {}?", "-")


def doubled(scene: Scene, rng: random.Random) -> DraftQuestion | None:
    """Ask for twice a number."""
    things = [thing for thing in scene.things if thing.label in DIGITS]
    thing = rng.choice(things) if things else None
    words = phrase(scene, thing, rng) if thing else None
    if thing is None or thing.label is None or words is None:
        return None
    return DraftQuestion(
        f"What is twice the number on {words}?",
        str(2 * int(thing.label)),
        f"the label of {words}",
        (thing,),
        f"{labelled(thing, words)}, 2 x {thing.label}",
    )


def _arithmetic(scene: Scene, rng: random.Random, text: str, sign: str) -> DraftQuestion | None:
    things = [thing for thing in scene.things if thing.label in DIGITS]
    if len(things) < 2:
        return None
    one, other = rng.sample(things, 2)
    first, second = phrase(scene, one, rng), phrase(scene, other, rng)
    if first is None or second is None or one.label is None or other.label is None:
        return None
    left, right = int(one.label), int(other.label)
    return DraftQuestion(
        text.format(first, second),
        str(left + right if sign == "+" else abs(left - right)),
        f"the labels of {first} and {second}",
        (one, other),
        f"{labelled(one, first)}, {labelled(other, second)}, {left} {sign} {right}",
    )
