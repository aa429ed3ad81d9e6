"""The contact sheet of any benchmark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from prism_engine.datasets import open_benchmark, preview
from prism_engine.datasets.contact_sheet import caption
from prism_engine.records import Image, Option, Sample
from prism_engine.scenes.preview import _MARGIN, LINES, PICTURE, RIGHT
from tests.imaging.shades import encoded

from .conftest import encode, text_of

SAMPLE = Sample(0, "i", (Image("0" * 64, Path("x.png")),), "What?", answer="B", category="c")


@pytest.mark.parametrize("side", [12, 500])
def test_pictures_of_any_size_fill_their_square(tables, cache, side):
    rows = ({"index": str(at), "question": "?", "image": text_of(encode(side, shade=at))} for at in range(30))
    with open_benchmark(tables.write(*rows), cache) as benchmark:
        sheet = preview(benchmark)
    first = sheet.crop((_MARGIN, _MARGIN, _MARGIN + PICTURE, _MARGIN + PICTURE))
    assert first.getcolors() == [(PICTURE**2, (0, 0, 90))]
    assert sheet.height > 3 * PICTURE


def test_the_answer_stands_out_and_everything_fits():
    options = tuple(Option(letter, "word " * 30) for letter in "ABCDEFGHIJKL")
    for sample in (
        SAMPLE,
        replace(SAMPLE, options=options),
        replace(SAMPLE, options=options[:4], question="long " * 200, images=SAMPLE.images * 2),
        replace(SAMPLE, answer=None, question=""),
    ):
        lines = caption(sample)
        assert len(lines) <= LINES
        assert all(len(text) <= 40 for text, _ in lines)
        assert ("Answer: B", RIGHT) in lines or sample.answer is None
    assert caption(replace(SAMPLE, images=SAMPLE.images * 2))[0][0] == "i: c (2 pictures)"


def test_a_picture_of_16_bits_is_not_white(tables, cache):
    grey = encoded(np.full((40, 40), 100 * 257, dtype=np.uint16), "TIFF")
    with open_benchmark(tables.write({"index": "1", "question": "?", "image": text_of(grey)}), cache) as benchmark:
        sheet = preview(benchmark)
    assert sheet.getpixel((_MARGIN + PICTURE // 2, _MARGIN + PICTURE // 2)) == (100, 100, 100)
