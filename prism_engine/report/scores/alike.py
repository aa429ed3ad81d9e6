"""Counts identical prediction rows in one batched pass over a file of any size, with polars."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.errors import UserError
from prism_engine.records import SampleStatus
from prism_engine.report.scores.predictions import as_wrong, reading
from prism_engine.scoring import INABILITY, REFUSAL, guess_is_right

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

_BATCH: Final = 10_000
"""Rows in memory at once; memory does not grow with the file."""
_KEYS: Final = ("split", "l2_category", "category", "status")
_FLAGS: Final = ("judged", "out_of_range", "unanswered", "refused", "cannot_tell", "choices", "lucky")


def count_alike(predictions: Path, ways: int | None, *, failed_as_wrong: bool = False) -> list[dict[str, Any]]:
    """Count the rows that are identical for scoring; the result grows with distinct combinations, not with rows.

    Args:
        ways: number of possible answers to guess from if a question has no options; None if those cannot be guessed.
        failed_as_wrong: see `as_wrong`.

    Raises:
        UserError: the file is missing or damaged.
    """
    import polars as pl  # noqa: PLC0415 - heavy, and most runs need no table

    counted = []
    with reading(predictions), predictions.open("rb") as file:
        while lines := list(islice(file, _BATCH)):
            counted.append(_counted(_frame(lines, ways, failed_as_wrong=failed_as_wrong)))
    if not counted:
        return []
    combined = pl.concat(counted).group_by(*_KEYS, *_FLAGS, maintain_order=True)
    cells = combined.agg(pl.col("rows", "correct").sum(), pl.col("index").min())
    return cells.sort("index").to_dicts()  # sorted, so an error always names the same one of several bad rows


def _frame(lines: Sequence[bytes], ways: int | None, *, failed_as_wrong: bool) -> pl.DataFrame:
    """Parse lines into typed columns, with orjson: polars takes three times as long for the options alone."""
    import polars as pl  # noqa: PLC0415 - the same

    texts = (*_KEYS, "extracted", "index", "target", "reply")
    schema = {**dict.fromkeys(texts, pl.String), "score": pl.Float64, "letters": pl.Int64, "choosable": pl.Boolean}
    columns: dict[str, list[Any]] = {name: [] for name in schema}
    for line in lines:
        row = orjson.loads(line)
        if not isinstance(row, dict):
            raise TypeError(f"a line is not an object: {line[:40]!r}")
        row = as_wrong(row) if failed_as_wrong else row
        for name in (*texts, "score"):
            columns[name].append(row.get(name))
        letters = [option["letter"] for option in row.get("options") or ()]
        columns["letters"].append(len(letters))
        columns["choosable"].append((row.get("target") or "").strip() in letters)
    frame = pl.DataFrame(columns, schema)
    choices = pl.when("choosable").then("letters")
    guessable = pl.when(pl.col("letters") == 0, pl.col("target").is_not_null()).then(pl.lit(ways, pl.Int64))
    return frame.with_columns(choices=choices.otherwise(guessable))


def _counted(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 - the same

    extracted, score = pl.col("extracted"), pl.col("score")
    unanswered = ((score == 0.0) & extracted.is_in([REFUSAL]).fill_null(value=True)).fill_null(value=False)
    flagged = frame.with_columns(
        cannot_tell=pl.col("reply").str.to_lowercase().str.contains(INABILITY).fill_null(value=False),
        judged=score.is_not_null(),
        out_of_range=~score.is_between(0.0, 1.0),
        unanswered=unanswered,
        refused=unanswered & extracted.eq_missing(REFUSAL),
    )
    # Indexes are hashed in Python, which is slow, so only for unanswered rows.
    luck = [
        guess and ways is not None and guess_is_right(index, ways)
        for guess, index, ways in flagged.select("unanswered", "index", "choices").iter_rows()
    ]
    alike = flagged.with_columns(lucky=pl.Series(luck, dtype=pl.Boolean)).group_by(*_KEYS, *_FLAGS, maintain_order=True)
    return alike.agg(pl.len().cast(pl.Int64).alias("rows"), score.sum().alias("correct"), pl.col("index").min())


def tally_of(cell: dict[str, Any], predictions: Path) -> dict[str | int, Any]:
    """Return what a cell's rows add to the counts and sums of their groups.

    Raises:
        UserError: the status is unknown or the score out of range.
    """
    return ({} if cell["choices"] is None else {cell["choices"]: cell["rows"]}) | _ended(cell, predictions)


def _ended(cell: dict[str, Any], predictions: Path) -> dict[str | int, Any]:
    status, rows = cell["status"], cell["rows"]
    location = f"{predictions}, index {cell['index']}"
    if status not in tuple(SampleStatus):
        known = ", ".join(SampleStatus)
        raise UserError(f"{location}: status {status!r} is not one of {known}; rerun the same command to rewrite it.")
    if status != SampleStatus.DONE:
        return {"n": rows, status: rows}
    done: dict[str | int, Any] = {"n": rows, "cannot_tell": rows * cell["cannot_tell"]}
    if not cell["judged"]:
        return done | {"unscored": rows}
    if cell["out_of_range"]:
        raise UserError(f"{location}: the score is not between 0 and 1; rerun the same command to rewrite it.")
    unanswered = rows * cell["unanswered"]
    return done | {
        "scored": rows,
        "correct": cell["correct"],
        "unanswered": unanswered,
        "refused": rows * cell["refused"],
        "lucky": rows * cell["lucky"],
        "chances": unanswered / cell["choices"] if cell["choices"] else 0.0,
    }
