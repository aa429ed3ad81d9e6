from __future__ import annotations

import json
import sqlite3
from collections import Counter
from fractions import Fraction
from itertools import groupby
from statistics import fmean

from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.datasets import open_benchmark
from prism_engine.datasets.order import visits

from .conftest import payload

CATEGORIES = st.sampled_from(["a", "b", 'c"', None])


def table(rows):
    """Return an index with these (picture, category) rows."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE samples (position INTEGER PRIMARY KEY, images, split, l2_category, category)")
    db.executemany(
        "INSERT INTO samples VALUES (?, ?, NULL, NULL, ?)",
        [(place, json.dumps([picture] if picture else []), category) for place, (picture, category) in enumerate(rows)],
    )
    return db


def order(rows, seed=0, count=None):
    return list(visits(table(rows), len(rows) if count is None else count, seed))


@given(st.lists(CATEGORIES, max_size=60), st.integers(0, 5))
def test_any_prefix_holds_each_category_in_proportion(categories, seed):
    visited = order([(str(place), category) for place, category in enumerate(categories)], seed)
    assert sorted(visited) == list(range(len(categories)))
    sizes = Counter(categories)
    for end in range(len(visited) + 1):
        counts = Counter(categories[position] for position in visited[:end])
        for category, size in sizes.items():
            share = Fraction(end * size, len(categories))
            assert abs(counts[category] - share) <= len(sizes)


@given(st.lists(st.tuples(st.sampled_from(["p", "q", "r", ""]), CATEGORIES), max_size=30))
def test_rows_of_one_picture_come_together_in_the_files_order(rows):
    visited = order(rows)
    assert sorted(visited) == list(range(len(rows)))
    together = [list(run) for picture, run in groupby(visited, lambda place: rows[place][0]) if picture]
    assert len(together) == len({picture for picture, _ in rows if picture})
    assert all(run == sorted(run) for run in together)


@settings(max_examples=20)
@given(st.integers(0, 40), st.integers(0, 3))
def test_a_seed_is_an_order_and_rows_beyond_the_count_are_left_out(count, seed):
    rows = [(str(place), "ab"[place % 2]) for place in range(40)]
    assert sorted(order(rows, seed, count)) == list(range(count))
    assert order(rows, seed, count) == order(rows, seed, count)


def test_over_all_seeds_every_sample_is_as_likely_to_be_among_the_first():
    """The right answers are at the file's end; the first tenth's accuracy is still unbiased over all seeds."""
    rows = [(str(place), "abc"[place % 3]) for place in range(60)]
    shares = [fmean(place >= 45 for place in order(rows, seed)[:6]) for seed in range(600)]
    assert abs(fmean(shares) - 0.25) < 0.03  # its standard error is 0.007


def test_other_seeds_give_other_orders():
    rows = [(str(place), None) for place in range(20)]
    assert len({tuple(order(rows, seed)) for seed in range(10)}) == 10


def test_an_opened_benchmark_has_a_visiting_order(tables, cache):
    path = tables.write(*({"index": str(n), "image": payload(n), "question": "?"} for n in range(8)))
    with open_benchmark(path, cache) as benchmark:
        assert sorted(benchmark.order(8)) == list(range(8))
        assert sorted(benchmark.order(5)) == list(range(5))
        assert benchmark.order(8) == benchmark.order(8)


def test_the_work_grows_with_the_samples_and_not_with_their_square():
    def steps(count):
        db = table([(str(place), "abc"[place % 3]) for place in range(count)])
        taken = 0

        def tick():
            nonlocal taken
            taken += 1

        db.set_progress_handler(tick, 1000)  # SQLite virtual machine instructions
        assert len(list(visits(db, count, 0))) == count
        return taken

    assert steps(8_000) < 10 * steps(1_000)
