"""Seeded visiting order: every prefix is stratified, and rows that share a picture stay together.

A run that stops early has therefore seen a representative sample of the benchmark, and rows that share a picture find
it (and the description at the start of their prompts) in the engine's caches.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

# Systematic stratified sampling of pictures: in a stratum of n pictures, the k-th drawn gets the rank (k - u) / n, with
# one random u per stratum. In the order of these ranks, any prefix holds each stratum's share to within one picture.
# Window functions only: SQLite sorts once for each, whereas a join would compare every row with every picture.
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
    """Yield the first `count` positions of an index in a seed's order; SQLite does the sorting, outside our memory.

    Raises:
        sqlite3.Error: the index cannot be read.
    """

    def chance(text: str) -> float:
        digest = hashlib.blake2b(f"{seed} {text}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    db.create_function("chance", 1, chance, deterministic=True)
    return (position for position, _ in db.execute(_VISITS, {"count": count}))
