"""The contact sheet shows the benchmark's first pictures."""

from __future__ import annotations

import pytest

from prism_engine.scenes import MAX_PICTURES, contact_sheet
from prism_engine.scenes.preview import _MARGIN, LINES, PICTURE, _caption
from prism_engine.scenes.table import rows


def test_it_shows_the_pictures_of_the_benchmark(benchmark_rows):
    sheet = contact_sheet(1500, 0)
    corner = sheet.crop((_MARGIN, _MARGIN, _MARGIN + PICTURE, _MARGIN + PICTURE))
    first = benchmark_rows[0][2]
    assert corner.resize(first.size, 0).tobytes() == first.tobytes()
    assert sheet.tobytes() == contact_sheet(MAX_PICTURES, 0).tobytes()


@pytest.mark.parametrize(("count", "columns", "lines"), [(1, 1, 1), (6, 6, 1), (7, 6, 2), (100, 6, 4)])
def test_it_is_as_large_as_its_pictures_need(count, columns, lines):
    one = contact_sheet(1, 2).size
    assert contact_sheet(count, 2).size == (columns * one[0], lines * one[1])


def test_questions_options_and_answer_are_written_under_each(benchmark_rows):
    for _, question, _ in benchmark_rows:
        written = [text for text, _ in _caption(question)]
        assert len(written) <= LINES
        assert question.text in " ".join(written)
        assert written[-5:-1] == [f"{letter}. {text}" for letter, text in zip("ABCD", question.options, strict=True)]
        assert written[-1] == f"Answer: {question.letter}"


def test_rows_are_drawn_from_the_same_seed():
    assert contact_sheet(3, 1).tobytes() != contact_sheet(3, 2).tobytes()
    assert len(list(rows(3, 1))) == 3
