"""An independent solver: parses a question's English and computes the answer from the scene."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.scenes import Scene, Thing

CELL = r"top-left|top-centre|top-right|middle-left|centre|middle-right|bottom-left|bottom-centre|bottom-right"
COLOUR = "red|green|blue|yellow|purple|orange|black|pink"
SHAPE = "circle|square|triangle|star|diamond|cross"
NOUN = rf"(the (?:object at the (?:{CELL})|(?:{COLOUR}) (?:{SHAPE})))"
ROWS, COLUMNS = ("top", "middle", "bottom"), ("left", "centre", "right")


def where(place):
    """Return the row and column (0 to 2 each) of a place's name."""
    row, _, column = ("middle-centre" if place == "centre" else place).partition("-")
    return ROWS.index(row), COLUMNS.index(column)


def name(row, column):
    """Return the place's name."""
    return "centre" if row == column == 1 else f"{ROWS[row]}-{COLUMNS[column]}"


def spot(thing):
    return divmod(thing.cell, 3)


def meant(scene: Scene, words: str) -> list[Thing]:
    """Return every thing of a scene that matches the phrase."""
    if found := re.fullmatch(rf"the object at the ({CELL})", words):
        return [thing for thing in scene.things if spot(thing) == where(found[1])]
    if found := re.fullmatch(r"the only (small|large) object", words):
        return [thing for thing in scene.things if thing.size == found[1]]
    colour, shape = words.removeprefix("the ").split()
    return [thing for thing in scene.things if (thing.colour, thing.shape) == (colour, shape)]


def the(scene, words):
    """Return the single thing that matches the phrase."""
    (thing,) = meant(scene, words)
    return thing


def number(scene, words):
    label = the(scene, words).label
    assert label is not None
    return int(label)


def relation(scene, one, other):
    (row, column), (other_row, other_column) = spot(the(scene, one)), spot(the(scene, other))
    if row == other_row:
        return "left" if column < other_column else "right"
    if column == other_column:
        return "above" if row < other_row else "below"
    return f"{'upper' if row < other_row else 'lower'}-{'left' if column < other_column else 'right'}"


def in_common(scene, one, other):
    first, second = the(scene, one), the(scene, other)
    pairs = {
        "size": (first.size, second.size),
        "colour": (first.colour, second.colour),
        "shape": (first.shape, second.shape),
    }
    alike = [name for name, (left, right) in pairs.items() if left == right]
    assert len(alike) <= 1, "more than one option would be right"
    return alike[0] if alike else "nothing"


def moved(scene, words, way):
    row, column = spot(the(scene, words))
    rows, columns = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}[way]
    assert 0 <= row + rows <= 2, "it would leave the picture"
    assert 0 <= column + columns <= 2, "it would leave the picture"
    return name(row + rows, column + columns)


def remaining(scene, colour):
    assert any(thing.colour == colour for thing in scene.things), "nothing would be removed"
    return str(sum(thing.colour != colour for thing in scene.things))


class Rule(NamedTuple):
    """One kind of question."""

    form: str
    """A regular expression for the whole text."""
    answer: Callable[..., str | None]
    """The correct answer, from the scene and the form's groups."""
    contents: str
    """The question's hints, in terms of the groups."""


RULES = {
    "background": Rule(
        "What colour is the background?", lambda scene: scene.background, "the colour of the background"
    ),
    "count": Rule("How many objects are there?", lambda scene: str(len(scene.things)), "the number of objects"),
    "colour": Rule(f"What colour is {NOUN}?", lambda scene, words: the(scene, words).colour, "the colour of {0}"),
    "shape": Rule(f"What shape is {NOUN}?", lambda scene, words: the(scene, words).shape, "the shape of {0}"),
    "label": Rule(f"What is written on {NOUN}?", lambda scene, words: the(scene, words).label, "the label of {0}"),
    "position": Rule(f"Where is {NOUN}?", lambda scene, words: name(*spot(the(scene, words))), "the position of {0}"),
    "relative position": Rule(f"Where is {NOUN} relative to {NOUN}?", relation, "the positions of {0} and {1}"),
    "in common": Rule(
        f"What do {NOUN} and {NOUN} have in common?",
        in_common,
        "the size, colour and shape of {0} and {1}",
    ),
    "colour of the only one": Rule(
        "What colour is (the only (?:small|large) object)?",
        lambda scene, words: the(scene, words).colour,
        "the sizes and colours of all objects",
    ),
    "shape of the only one": Rule(
        "What shape is (the only (?:small|large) object)?",
        lambda scene, words: the(scene, words).shape,
        "the sizes and shapes of all objects",
    ),
    "what remains": Rule(
        f"If every ({COLOUR}) object is removed, how many objects remain?",
        remaining,
        "the colours of all objects",
    ),
    "places traded": Rule(
        rf"If {NOUN} and {NOUN} trade places, where is \1?",
        lambda scene, one, other: the(scene, one) and name(*spot(the(scene, other))),
        "the positions of {0} and {1}",
    ),
    "place after a move": Rule(
        f"If {NOUN} moves one cell (up|down|left|right), where is it?",
        moved,
        "the position of {0}",
    ),
    "sum": Rule(
        f"What is the sum of the numbers on {NOUN} and {NOUN}?",
        lambda scene, one, other: str(number(scene, one) + number(scene, other)),
        "the labels of {0} and {1}",
    ),
    "difference": Rule(
        f"What is the difference between the numbers on {NOUN} and {NOUN}?",
        lambda scene, one, other: str(abs(number(scene, one) - number(scene, other))),
        "the labels of {0} and {1}",
    ),
    "double": Rule(
        f"What is twice the number on {NOUN}?",
        lambda scene, words: str(2 * number(scene, words)),
        "the label of {0}",
    ),
}


def read(kind, text):
    """Return the groups of a question's form; fails if the text does not match its kind."""
    found = re.fullmatch(RULES[kind].form.removesuffix("?") + r"\?", text)
    assert found is not None, text
    return found.groups()


def solve(kind, scene, text):
    """Return the right answer."""
    return RULES[kind].answer(scene, *read(kind, text))


def needed(kind, text):
    """Return the hints, derived from the question alone."""
    return RULES[kind].contents.format(*read(kind, text))
