"""Tests of the loss curve, with and without evaluations."""

from __future__ import annotations

import pytest
from PIL import Image

from prism_engine.training.nano.curve import draw_curve
from prism_engine.training.nano.log import TrainingProgress
from tests.training.courses import LineCourse

LINES = [
    TrainingProgress("first", 6, 12, 2.0, 1.0),
    TrainingProgress("first", 12, 12, 0.5, 2.0),
    TrainingProgress("second", 5, 10, 0.1, 3.0, {"close": 0.4}),
    TrainingProgress("second", 10, 10, 0.01, 4.0, {"close": 0.6}),
]


@pytest.mark.parametrize("lines", [LINES, LINES[:2], []])
def test_a_curve_is_a_picture_with_something_on_it(tmp_path, lines):
    path = tmp_path / "loss.png"
    draw_curve(path, "nano-line", LineCourse.stages, lines, final={"close": 0.7}, shown=("close",))
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("PNG", (1200, 675))
        assert len(picture.convert("RGB").getcolors(100_000) or ()) > 10
