"""Writes PrismScenes as a VLMEvalKit TSV, with gold descriptions and per-question hints."""

from __future__ import annotations

import base64
import csv
import io
import random
from typing import TYPE_CHECKING

from prism_engine.scenes.questions import FAMILIES, KINDS, OPTION_LETTERS, Question, drawn_question
from prism_engine.scenes.render import render
from prism_engine.scenes.words import description

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from PIL import Image

    from prism_engine.scenes.scene import Scene

HEADER = (
    *("index", "image", "question", *OPTION_LETTERS, "answer"),
    *("category", "l2-category", "gold_description", "contents"),
)


def rows(count: int, seed: int) -> Iterator[tuple[Scene, Question, Image.Image]]:
    """Yield scenes, each with a question and a picture; the same arguments give the same rows.

    Families alternate, and so do the kinds within each. Answer letters are balanced; no question about a scene repeats.
    """
    rng = random.Random(f"PrismScenes {seed}")  # noqa: S311 - reproducible, no secret
    kinds = [[kind for kind in KINDS if kind.family == family] for family in FAMILIES]
    letters: list[int] = []
    seen = set()
    for row in range(count):
        family = kinds[row % len(kinds)]
        kind = family[row // len(kinds) % len(family)]
        letters = letters or rng.sample(range(len(OPTION_LETTERS)), len(OPTION_LETTERS))
        scene, question = drawn_question(kind, rng, letters[-1])
        while (scene, question.text) in seen:
            scene, question = drawn_question(kind, rng, letters[-1])
        letters.pop()
        seen.add((scene, question.text))
        yield scene, question, render(scene, rng)


def write_benchmark(file: TextIO, count: int, seed: int, progress: Callable[[], None] | None = None) -> None:
    """Write a benchmark of `count` rows in VLMEvalKit's columns: category is the family, l2-category the kind.

    Two extra columns: `gold_description`, for oracle runs, and `contents`, the question's hints.

    Args:
        progress: called after every row.
    """
    table = csv.writer(file, delimiter="\t", lineterminator="\n")
    table.writerow(HEADER)
    for row, (scene, question, picture) in enumerate(rows(count, seed)):
        table.writerow(
            (
                *(row, base64.b64encode(_png(picture)).decode(), question.text, *question.options, question.letter),
                *(question.kind.family, question.kind.name, description(scene), question.contents),
            )
        )
        if progress is not None:
            progress()


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
