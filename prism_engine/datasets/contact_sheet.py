"""Draws a contact sheet of a benchmark: pictures with their questions below."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from prism_engine.imaging.encoding import model_bytes
from prism_engine.records import PicturePolicy
from prism_engine.scenes.preview import LINES, MAX_PICTURES, PICTURE, PLAIN, QUIET, RIGHT, drawn_sheet, folded

if TYPE_CHECKING:
    from prism_engine.datasets.benchmark import Benchmark
    from prism_engine.records import Image as Picture
    from prism_engine.records import Sample
    from prism_engine.scenes.preview import Line


def preview(benchmark: Benchmark) -> Image.Image:
    """Draw evenly spaced samples, at most `MAX_PICTURES`, each with its first picture and its question."""
    count = min(len(benchmark), MAX_PICTURES)
    positions = [step * len(benchmark) // count for step in range(count)]
    return drawn_sheet([(_thumbnail(sample.images[0]), caption(sample)) for sample in benchmark.samples(positions)])


def caption(sample: Sample) -> list[Line]:
    """Lines under a sample's picture: index and category, question, options, answer; cut to fit."""
    more = f" ({len(sample.images)} pictures)" if len(sample.images) > 1 else ""
    heading = folded(f"{sample.index}: {sample.category or ''}{more}")[:1]
    answer = folded(f"Answer: {sample.answer}")[:1] if sample.answer else []
    options = [
        (folded(f"{letter}. {text}")[0], RIGHT if letter == sample.answer else PLAIN) for letter, text in sample.options
    ]
    room = LINES - len(heading) - len(answer)
    options = options[: room - 1]
    question = folded(sample.question)[: room - len(options)]
    return [
        *((line, QUIET) for line in heading),
        *((line, PLAIN) for line in question),
        *options,
        *((line, RIGHT) for line in answer),
    ]


def _thumbnail(picture: Picture) -> Image.Image:
    with Image.open(io.BytesIO(model_bytes(picture, PicturePolicy()))) as opened:
        return ImageOps.contain(opened.convert("RGB"), (PICTURE, PICTURE))
