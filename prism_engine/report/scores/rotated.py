"""Folds a run's rotations of a question's options into one row per question, the unit of circular accuracy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prism_engine.records import SampleStatus

if TYPE_CHECKING:
    import polars as pl

    from prism_engine.report.scores.finished import FinishedRun
    from prism_engine.scoring import Scored, Scorer


def with_whole_questions(run: FinishedRun) -> FinishedRun:
    """Return a run with one row per question if its rows are rotations, else the run itself.

    A question's score is that of circular accuracy. It has none if a rotation has no prediction and all others are
    right, since the missing one could make it wrong. Its answer lists the answers to its rotations.
    """
    scorer = run.scorer
    if scorer is None or not scorer.rotated:
        return run
    return replace(run, table=_folded(run.table, run.rows, scorer))


def _folded(table: pl.DataFrame, rows: tuple[Scored, ...], scorer: Scorer) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 - heavy, and most runs need no table

    members: dict[str, list[Scored]] = {}
    for row in rows:
        members.setdefault(scorer.group_of(row), []).append(row)
    scores = {unit.rows[0].index: unit.value for unit in scorer.units(rows) if unit.metric == scorer.headline}
    folded = []
    for name, rotations in members.items():
        first = next((row.index for row in rotations if row.index == name), rotations[0].index)
        answers = " ".join(row.extracted or "-" for row in rotations)
        score = None if _is_open(rotations) else scores.get(first)
        folded.append((first, answers, score, SampleStatus.FAILED.value if score is None else SampleStatus.DONE.value))
    columns = ("index", "extracted", "score", "status")
    schema = {name: table.schema[name] for name in columns}
    return table.drop(columns[1:]).join(
        pl.DataFrame(folded, schema, orient="row"), on="index", how="inner", maintain_order="left"
    )


def _is_open(rotations: list[Scored]) -> bool:
    """Whether a missing rotation decides: no other one is wrong."""
    missing = any(row.status is not SampleStatus.DONE for row in rotations)
    return missing and not any(row.score == 0.0 for row in rotations)
