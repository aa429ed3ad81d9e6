"""Clustered intervals for benchmarks with multiple, hence dependent, questions per picture."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.records import SampleStatus
from prism_engine.report.scores.inference import clustered_share, clusters_of
from prism_engine.report.scores.predictions import reading, scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from prism_engine.report.scores.inference import Labels
    from prism_engine.scoring import Level

_FIELD: Final = b'"images":['

GroupKey = tuple[str | None, "Level", str | None]
"""Split, level and name of a group of samples."""


class Repeated(NamedTuple):
    """Interval of one group's accuracy, clustered by picture."""

    pictures: int
    """Number of clusters: pictures, or groups of pictures that occur together."""
    low: float
    high: float


def clustered_intervals(predictions: Path, *, failed_as_wrong: bool = False) -> dict[GroupKey, Repeated]:
    """Return the clustered 95 % interval of each group in which a picture has more than one question.

    Empty if no picture repeats in the whole file.

    Args:
        failed_as_wrong: see `predictions.as_wrong`.

    Raises:
        UserError: the file is missing or damaged.
    """
    import polars as pl  # noqa: PLC0415 - heavy, and most runs need no table

    with reading(predictions):
        if not _may_repeat(predictions):
            return {}
        columns = ("split", "l2_category", "category", "status", "score", "images", "target", "options")
        rows = scan(predictions, columns if failed_as_wrong else columns[:6])
        table = (
            (_with_wrong(rows) if failed_as_wrong else rows)
            .filter(pl.col("status") == SampleStatus.DONE.value, pl.col("score").is_not_null())
            .select("split", "l2_category", "category", "score", "images")
            .collect(engine="streaming")
        )
    clusters = _clusters(table["images"])
    if len(table) < 2 or clusters.max() + 1 == len(table):
        return {}
    table = table.drop("images").with_columns(cluster=pl.Series(clusters))
    found = {}
    for key, part in _groups(table):
        estimate = clustered_share(part["score"].to_numpy(), part["cluster"].to_numpy())
        if estimate.clusters < estimate.n:
            found[key] = Repeated(estimate.clusters, estimate.low, estimate.high)
    return found


def _with_wrong(rows: pl.LazyFrame) -> pl.LazyFrame:
    import polars as pl  # noqa: PLC0415 - the same

    letters = pl.col("options").list.eval(pl.element().struct.field("letter"))
    target, free = pl.col("target"), letters.list.len().fill_null(0) == 0
    wrong = (pl.col("status") == SampleStatus.FAILED.value) & (
        free & target.is_not_null() | letters.list.contains(target.str.strip_chars()).fill_null(value=False)
    )
    status, score = pl.lit(SampleStatus.DONE.value), pl.lit(0.0)
    return rows.with_columns(
        status=pl.when(wrong).then(status).otherwise("status"), score=pl.when(wrong).then(score).otherwise("score")
    )


def _may_repeat(predictions: Path) -> bool:
    """Return whether a picture may occur twice, from the raw bytes: fast, and in most files no picture repeats.

    Quotes inside text are escaped, so the marker can only match the field itself. 8 bytes per picture.
    """
    import numpy as np  # noqa: PLC0415 - the same

    seen = array("q")
    with predictions.open("rb") as file:
        for line in file:
            _, found, rest = line.partition(_FIELD)
            digests, _, _ = rest.partition(b"]")
            if not found or not digests:  # no picture, or not written by prism; leave it to the parser
                return True
            seen.extend(map(hash, digests.split(b",")))
    hashes = np.asarray(seen)
    hashes.sort()
    return bool((hashes[1:] == hashes[:-1]).any())


def _clusters(images: pl.Series) -> Labels:
    import numpy as np  # noqa: PLC0415 - the same

    if images.list.len().fill_null(0).eq(1).all():  # the usual case, without a loop over rows
        return images.list.first().rank("dense").to_numpy().astype(np.int64) - 1
    return clusters_of(digests or () for digests in images.to_list())


def _groups(table: pl.DataFrame) -> Iterator[tuple[GroupKey, pl.DataFrame]]:
    for split, part in ((None, table), *((split, each) for (split,), each in _parts(table, "split"))):
        yield (split, "overall", None), part
        for (name,), each in _parts(part, "l2_category"):
            yield (split, "l2_category", name), each
        for (name,), each in _parts(part, "category"):
            yield (split, "category", name), each


def _parts(table: pl.DataFrame, column: str) -> Iterator[tuple[tuple[str], pl.DataFrame]]:
    for key, part in table.drop_nulls(column).partition_by(column, as_dict=True).items():
        yield (str(key[0]),), part
