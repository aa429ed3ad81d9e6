from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from prism_engine.datasets import open_benchmark
from prism_engine.demo.shapes import COLOURS, KINDS, write_shapes

if TYPE_CHECKING:
    from prism_engine.records import Sample


@pytest.fixture
def samples(tmp_path):
    write_shapes(tmp_path / "Shapes.tsv", 80, seed=3)
    with open_benchmark(tmp_path / "Shapes.tsv", tmp_path / "cache") as benchmark:
        return list(benchmark)


def option(sample: Sample, letter: str) -> str:
    return dict(sample.options)[letter]


def drawn(sample: Sample) -> list[str]:
    """The colours in the picture, from left to right."""
    pixels = Image.open(io.BytesIO(sample.images[0].path.read_bytes())).convert("RGB")
    assert pixels.size == (128, 128)
    names = {rgb: name for name, rgb in COLOURS.items()}
    columns = (pixels.getpixel((x, y)) for x in range(128) for y in range(128))
    return list(dict.fromkeys(names[rgb] for rgb in columns if rgb in names))


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(tmp_path):
    files = []
    for seed in (1, 1, 2):
        path = tmp_path / "s.tsv"
        write_shapes(path, 20, seed)
        files.append(path.read_bytes())
    assert files[0] == files[1] != files[2]


def test_answers_and_categories_are_balanced(samples):
    assert Counter(sample.answer for sample in samples) == dict.fromkeys("ABCD", 20)
    pairs = Counter((sample.category, sample.answer) for sample in samples)
    assert set(pairs.values()) == {5}
    assert {sample.l2_category for sample in samples} == {"attribute", "scene"}


def test_options_are_four_different_texts(samples):
    assert all(len(set(sample.options)) == len({text for _, text in sample.options}) == 4 for sample in samples)


def test_every_fifth_row_shares_its_picture(samples):
    assert all(samples[at].images == samples[at - 1].images for at in range(4, 80, 5))
    assert len({sample.images for sample in samples}) == 64


def test_the_word_none_is_once_right_and_once_wrong(samples):
    none = [sample for sample in samples if "None" in dict(sample.options).values()]
    assert [option(sample, sample.answer) == "None" for sample in none] == [True, False]


def test_the_drawing_decides_colours_and_counts(samples):
    for sample in samples:
        gold = option(sample, sample.answer)
        colours = drawn(sample)
        if sample.category == "count":
            assert gold == str(len(colours))
        elif sample.category == "colour":
            assert gold in colours
        elif sample.category == "shape":
            asked = sample.question.removeprefix("Which shape is ").rstrip("?")
            assert (asked in colours) == (gold in KINDS)
        else:
            assert len(colours) >= 2
