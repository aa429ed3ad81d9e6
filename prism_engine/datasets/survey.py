"""What is in an opened benchmark, for people: counts, and how large its pictures are."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

if TYPE_CHECKING:
    from prism_engine.datasets.benchmark import Benchmark

MOST = 2000
"""Pictures that are measured; more would tell no more."""


class Sizes(NamedTuple):
    """How large pictures are, in pixels."""

    measured: int
    smallest: tuple[int, int]
    middle: tuple[int, int]
    """Median width and median height."""
    largest: tuple[int, int]
    formats: dict[str, int]
    """How many there are of each, the most frequent first."""


def picture_sizes(benchmark: Benchmark) -> Sizes:
    """Measure distinct pictures, at most `MOST`; only their heads are read."""
    sizes: list[tuple[int, int]] = []
    formats: Counter[str] = Counter()
    for picture in benchmark.pictures(MOST):
        with Image.open(picture.path) as opened:
            sizes.append(opened.size)
            formats[opened.format or "unknown"] += 1

    def area(size: tuple[int, int]) -> int:
        return size[0] * size[1]

    middle = (int(median(width for width, _ in sizes)), int(median(height for _, height in sizes)))
    return Sizes(len(sizes), min(sizes, key=area), middle, max(sizes, key=area), dict(formats.most_common()))
