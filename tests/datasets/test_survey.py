from __future__ import annotations

from prism_engine.datasets import open_benchmark, picture_sizes

from .conftest import encode, text_of


def test_distinct_pictures_are_measured(tables, cache):
    pictures = [encode(20), encode(10), encode(30, kind="JPEG"), encode(10)]
    rows = ({"index": str(at), "question": "?", "image": text_of(data)} for at, data in enumerate(pictures))
    with open_benchmark(tables.write(*rows), cache) as benchmark:
        sizes = picture_sizes(benchmark)
    assert sizes == (3, (10, 10), (20, 20), (30, 30), {"PNG": 2, "JPEG": 1})
