"""Writes a small benchmark file for tests: coloured shapes, shared pictures, options that are the word None."""

from __future__ import annotations

import base64
import csv
import io
import random
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 128
"""Side length of the square pictures in pixels."""
LETTERS = "ABCD"
COLOURS = {
    "red": (214, 39, 40),
    "green": (44, 160, 44),
    "blue": (31, 90, 200),
    "yellow": (240, 205, 30),
    "purple": (130, 60, 180),
    "orange": (245, 130, 20),
}
KINDS = ("circle", "square", "triangle", "diamond")
_GROUNDS = ((255, 255, 255), (232, 232, 232), (245, 238, 220))
_SLOTS = 3
_HEADER = ("index", "image", "question", *LETTERS, "answer", "category", "l2-category")


class Shape(NamedTuple):
    """One drawn shape."""

    kind: str
    colour: str
    slot: int
    """Index of its third of the picture, 0 at the left."""


class Question(NamedTuple):
    """A question about a drawing, with the right answer and three wrong ones."""

    text: str
    gold: str
    wrong: tuple[str, ...]
    category: str
    l2_category: str


def write_shapes(path: Path, count: int, seed: int) -> None:
    """Write a four-option benchmark in VLMEvalKit's columns; the same arguments give the same bytes.

    Questions cycle through four categories, answer letters are balanced, and every fifth row refers to the picture of
    the row above it. Two options are the literal text `None`.

    Args:
        count: number of rows.
    """
    draw = random.Random(seed)
    shapes: list[Shape] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n")
        table.writerow(_HEADER)
        for row in range(count):
            shared = row % 5 == 4
            if not shared:
                shapes = _scene(draw, least=1 if row % 4 < 2 else 2)
            question = _ask(draw, shapes, row)
            image = str(row - 1) if shared else base64.b64encode(_png(draw, shapes)).decode()
            place = (row + row // 4) % len(LETTERS)
            options = list(question.wrong)
            draw.shuffle(options)
            options.insert(place, question.gold)
            groups = (question.category, question.l2_category)
            table.writerow((row, image, question.text, *options, LETTERS[place], *groups))


def _scene(draw: random.Random, least: int) -> list[Shape]:
    number = draw.randint(least, _SLOTS)
    kinds, colours = draw.sample(KINDS, number), draw.sample(sorted(COLOURS), number)
    slots = sorted(draw.sample(range(_SLOTS), number))
    return [Shape(*shape) for shape in zip(kinds, colours, slots, strict=True)]


def _ask(draw: random.Random, shapes: list[Shape], row: int) -> Question:
    shape = draw.choice(shapes)
    match row % 4:
        case 0:
            wrong = draw.sample([colour for colour in sorted(COLOURS) if colour != shape.colour], 3)
            return Question(f"What colour is the {shape.kind}?", shape.colour, tuple(wrong), "colour", "attribute")
        case 1:
            numbers = {str(number) for number in range(1, 5)} - {str(len(shapes))}
            text = "How many shapes are there?"
            return Question(text, str(len(shapes)), tuple(sorted(numbers)), "count", "scene")
        case 2:
            return _which(draw, shapes, row)
        case _:
            side = draw.choice(("left", "right"))
            gold = shapes[0 if side == "left" else -1].kind
            wrong = [kind for kind in KINDS if kind != gold]
            return Question(f"Which shape is furthest to the {side}?", gold, tuple(wrong), "position", "scene")


def _which(draw: random.Random, shapes: list[Shape], row: int) -> Question:
    # The word None is the right answer of row 2 and a wrong one of row 6: readers must keep it as text.
    if row == 2:
        absent = draw.choice(sorted(COLOURS.keys() - {shape.colour for shape in shapes}))
        wrong = draw.sample(KINDS, 3)
        return Question(f"Which shape is {absent}?", "None", tuple(wrong), "shape", "attribute")
    shape = draw.choice(shapes)
    wrong = [kind for kind in KINDS if kind != shape.kind]
    if row == 6:
        wrong[0] = "None"
    return Question(f"Which shape is {shape.colour}?", shape.kind, tuple(wrong), "shape", "attribute")


def _png(draw: random.Random, shapes: list[Shape]) -> bytes:
    image = Image.new("RGB", (SIDE, SIDE), draw.choice(_GROUNDS))
    canvas = ImageDraw.Draw(image)
    width = SIDE // _SLOTS
    for shape in shapes:
        half = draw.randint(12, 18)
        x, y = shape.slot * width + width // 2, draw.randint(24, SIDE - 24)
        colour = COLOURS[shape.colour]
        corners = {
            "triangle": [(x, y - half), (x + half, y + half), (x - half, y + half)],
            "diamond": [(x, y - half), (x + half, y), (x, y + half), (x - half, y)],
        }
        box = (x - half, y - half, x + half, y + half)
        if shape.kind == "circle":
            canvas.ellipse(box, fill=colour)
        elif shape.kind == "square":
            canvas.rectangle(box, fill=colour)
        else:
            canvas.polygon(corners[shape.kind], fill=colour)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def write_described_shapes(path, count, seed=0, *, gold="Picture of row {}."):
    """Write shapes with an additional column `gold_description`; `gold` is formatted with the row's number."""
    write_shapes(path, count, seed)
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t")
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow([*header, "gold_description"])
        table.writerows([*row, gold.format(number)] for number, row in enumerate(rows))
