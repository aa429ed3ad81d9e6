"""Intervals for benchmarks that ask several questions about one picture: such answers are not independent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.records import SampleStatus
from prism_engine.report.scores.inference import clustered_share, clusters_of
from prism_engine.report.scores.predictions import reading, scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from prism_engine.report.scores.aligned import Level
    from prism_engine.report.scores.inference import Labels

_FIELD: Final = b'"images":['

GroupKey = tuple[str | None, "Level", str | None]
"""Split, level and name of a group of samples."""


class Repeated(NamedTuple):
    """One group's accuracy as far as its pictures allow."""

    pictures: int
    """Pictures, or groups of pictures that are shown together."""
    low: float
    high: float


def clustered_intervals(predictions: Path, *, failed_as_wrong: bool = False) -> dict[GroupKey, Repeated]:
    """Return the 95 % interval, clustered by picture, of each group in which a picture is asked about more than once.

    Empty where no picture repeats in the whole file.

    Args:
        failed_as_wrong: see `predictions.as_wrong`.

    Raises:
        UserError: the file is absent or damaged.
    """
    import polars as pl  # noqa: PLC0415 - a run that needs no table starts without it

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
    for place, part in _groups(table):
        estimate = clustered_share(part["score"].to_numpy(), part["cluster"].to_numpy())
        if estimate.clusters < estimate.n:
            found[place] = Repeated(estimate.clusters, estimate.low, estimate.high)
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
    """Tell, from the bytes alone, whether a picture may be named twice: most files name none, and this is quick.

    Inside a text the quotes would be escaped, so the marker is the field.
    """
    seen: set[int] = set()
    with predictions.open("rb") as file:
        for line in file:
            _, found, rest = line.partition(_FIELD)
            digests, _, _ = rest.partition(b"]")
            for digest in digests.split(b",") if found and digests else (b"",):
                # No digest: no picture, or not as prism writes it; let the parser decide.
                if not digest or hash(digest) in seen:
                    return True
                seen.add(hash(digest))
    return False


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
