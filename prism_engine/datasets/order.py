"""The order in which samples are visited: seeded, each stratum in proportion at any moment, a picture's rows together.

A run that stops early then has a sample of the benchmark that stands for all of it, and rows that share a picture find
it (and the description that their prompts begin with) in the engine's caches.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

# Systematic stratified sampling of pictures: within a stratum of n pictures the one drawn k-th gets (k - u) / n, with
# one random u per stratum; visited by these numbers, any beginning holds every stratum's share to within one picture.
# Windows all the way: SQLite sorts for each of them, where it would compare every row with every picture for a join.
_VISITS = """
    WITH taken AS (
        SELECT position, coalesce(nullif(images, '[]'), position) AS unit,
            json_array(split, l2_category, category) AS stratum
        FROM samples WHERE position < :count
    ),
    united AS (
        SELECT position, chance('unit ' || unit) AS draw, chance('tie ' || unit) AS tie,
            first_value(position) OVER rows_of_unit AS first, first_value(stratum) OVER rows_of_unit AS stratum
        FROM taken WINDOW rows_of_unit AS (PARTITION BY unit ORDER BY position)
    ),
    ranked AS (
        SELECT position, tie, stratum, dense_rank() OVER (PARTITION BY stratum ORDER BY draw, first) AS number
        FROM united
    )
    SELECT position, (number - chance('stratum ' || stratum)) / max(number) OVER (PARTITION BY stratum) AS place
    FROM ranked ORDER BY place, tie, position
"""


def visits(db: sqlite3.Connection, count: int, seed: int) -> Iterator[int]:
    """Yield the first `count` positions of an index in the order of a seed; SQLite sorts, outside of our memory.

    Raises:
        sqlite3.Error: the index cannot be read.
    """

    def chance(text: str) -> float:
        digest = hashlib.blake2b(f"{seed} {text}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    db.create_function("chance", 1, chance, deterministic=True)
    return (position for position, _ in db.execute(_VISITS, {"count": count}))
