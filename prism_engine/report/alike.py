"""Rows of predictions that are alike, counted together: the one pass over a large file, made by polars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prism_engine.errors import UserError
from prism_engine.records import SampleStatus
from prism_engine.report.predictions import reading, scan
from prism_engine.scoring import GUESS_SEED, INABILITY, REFUSAL, lucky

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl


def count_alike(predictions: Path, ways: int | None) -> list[dict[str, Any]]:
    """Count the rows that are alike in everything that matters; cells grow with combinations, not rows.

    Args:
        ways: answers to guess from where a question has no options; None: those cannot be guessed.

    Raises:
        UserError: the file is absent or damaged.
    """
    import polars as pl  # noqa: PLC0415 - a run that needs no table starts without it

    keys = ["split", "l2_category", "category", "status"]
    extracted, options, target, score = pl.col("extracted"), pl.col("options"), pl.col("target"), pl.col("score")
    letters = options.list.eval(pl.element().struct.field("letter"))
    choosable = letters.list.contains(target.str.strip_chars())
    without_options = pl.when(options.list.len().fill_null(0) == 0, target.is_not_null()).then(pl.lit(ways, pl.UInt32))
    unanswered = (score == 0.0) & (extracted.is_null() | (extracted == REFUSAL))
    with reading(predictions):
        return (
            scan(predictions, [*keys, "score", "extracted", "index", "options", "target", "reply"])
            .with_columns(
                cannot_tell=pl.col("reply").str.to_lowercase().str.contains(INABILITY).fill_null(value=False),
                choices=pl.when(choosable).then(options.list.len()).otherwise(without_options),
                judged=score.is_not_null(),
                unanswered=unanswered.fill_null(value=False),
                refused=(unanswered & extracted.eq_missing(REFUSAL)).fill_null(value=False),
            )
            .with_columns(lucky=_luck(pl.col("unanswered") & pl.col("choices").is_not_null()))
            .group_by(*keys, "judged", "unanswered", "refused", "cannot_tell", "choices", "lucky")
            .agg(
                pl.len().alias("rows"),
                score.sum().alias("correct"),
                score.min().alias("least"),
                score.max().alias("most"),
                pl.col("index").min(),
            )
            .sort("index")  # so that of several bad rows always the same one is named
            .collect(engine="streaming")
            .to_dicts()
        )


def _luck(drawn: pl.Expr) -> pl.Expr:
    """Whether a guess would be right, for the rows for which it is drawn; each index is hashed in Python."""
    import polars as pl  # noqa: PLC0415 - the same

    def draw(rows: pl.Series) -> pl.Series:
        names, ways = rows.struct.field("index").to_list(), rows.struct.field("choices").to_list()
        wanted = rows.struct.field("drawn").to_list()
        return pl.Series(
            [one and lucky(name, count, GUESS_SEED) for name, count, one in zip(names, ways, wanted, strict=True)],
            dtype=pl.Boolean,
        )

    return pl.struct("index", "choices", drawn.alias("drawn")).map_batches(draw, return_dtype=pl.Boolean())


def tally_of(cell: dict[str, Any], predictions: Path) -> dict[str | int, Any]:
    """Return what such rows add to the counts and sums of their groups.

    Raises:
        UserError: they have a status or a score that is not known here.
    """
    return ({} if cell["choices"] is None else {cell["choices"]: cell["rows"]}) | _ended(cell, predictions)


def _ended(cell: dict[str, Any], predictions: Path) -> dict[str | int, Any]:
    status, rows = cell["status"], cell["rows"]
    place = f"{predictions}, index {cell['index']}"
    if status not in tuple(SampleStatus):
        known = ", ".join(SampleStatus)
        raise UserError(f"{place}: status {status!r} is not one of {known}; start the run again to mend it.")
    if status != SampleStatus.DONE:
        return {"n": rows, status: rows}
    done: dict[str | int, Any] = {"n": rows, "cannot_tell": rows * cell["cannot_tell"]}
    if not cell["judged"]:
        return done | {"unscored": rows}
    if not 0.0 <= cell["least"] <= cell["most"] <= 1.0:
        raise UserError(f"{place}: a score there is not between 0 and 1; start the run again to mend it.")
    unanswered = rows * cell["unanswered"]
    return done | {
        "scored": rows,
        "correct": cell["correct"],
        "unanswered": unanswered,
        "refused": rows * cell["refused"],
        "lucky": rows * cell["lucky"],
        "chances": unanswered / cell["choices"] if cell["choices"] else 0.0,
    }
