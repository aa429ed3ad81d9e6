"""Measures the sizes and formats of a benchmark's pictures, for display."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

if TYPE_CHECKING:
    from prism_engine.datasets.benchmark import Benchmark

MAX_MEASURED = 2000
"""Maximum number of pictures that are measured; more would not change the summary."""


class Sizes(NamedTuple):
    """Picture sizes, in pixels."""

    measured: int
    smallest: tuple[int, int]
    middle: tuple[int, int]
    """Median width and median height."""
    largest: tuple[int, int]
    formats: dict[str, int]
    """Count per format, most frequent first."""


def picture_sizes(benchmark: Benchmark) -> Sizes:
    """Measure distinct pictures, at most `MAX_MEASURED`; only their headers are read.

    Raises:
        ValueError: the benchmark has no pictures.
    """
    sizes: list[tuple[int, int]] = []
    formats: Counter[str] = Counter()
    for picture in benchmark.pictures(MAX_MEASURED):
        with Image.open(picture.path) as opened:
            sizes.append(opened.size)
            formats[opened.format or "unknown"] += 1

    def area(size: tuple[int, int]) -> int:
        return size[0] * size[1]

    middle = (int(median(width for width, _ in sizes)), int(median(height for _, height in sizes)))
    return Sizes(len(sizes), min(sizes, key=area), middle, max(sizes, key=area), dict(formats.most_common()))
