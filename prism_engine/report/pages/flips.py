"""Which questions one run gets right and another one wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prism_engine.report.pages.sheets import Column, Sheet

if TYPE_CHECKING:
    from prism_engine.report.scores.aligned import Aligned

_ASKED: Final = ("index", "l2_category", "category", "question", "target")


def flips(aligned: Aligned) -> Sheet:
    """List the samples on which the first two runs score differently, what got worse first.

    A score that only one of them has is no flip.
    """
    import polars as pl  # noqa: PLC0415 - a run that needs no table starts without it

    first, second = (run.table.select("index", "extracted") for run in aligned.runs[:2])
    table = (
        aligned.samples.select(_ASKED)
        .with_columns(first_score=pl.Series(aligned.scores[0]), second_score=pl.Series(aligned.scores[1]))
        .join(first.rename({"extracted": "first_answer"}), on="index", how="left", maintain_order="left")
        .join(second.rename({"extracted": "second_answer"}), on="index", how="left", maintain_order="left")
        .filter(pl.col("first_score").is_not_nan() & pl.col("second_score").is_not_nan())
        .filter(pl.col("first_score") != pl.col("second_score"))
        .with_columns(
            change=pl.when(pl.col("second_score") < pl.col("first_score"))
            .then(pl.lit("right to wrong"))
            .otherwise(pl.lit("wrong to right"))
        )
        .sort("change", maintain_order=True)
    )
    shown = ("change", *_ASKED, "first_answer", "second_answer", "first_score", "second_score")
    columns = tuple(
        Column(name, name.replace("_", " ").capitalize(), "number" if name.endswith("score") else "text")
        for name in shown
    )
    return Sheet(columns, tuple(table.select(shown).rows()))
