"""Turns sample outcomes into statistics, tables and reports."""

from __future__ import annotations

from prism_engine.report.atomic import replacing, write_lines
from prism_engine.report.scores.draws import AccuracyEstimate, DrawScores, summarise_draws, write_draw_scores
from prism_engine.report.scores.sensitivity import ScorerDifference, Sensitivity
from prism_engine.report.scores.statistics import GroupScore, Scores, summarise
from prism_engine.report.scores.tables import (
    HEADER,
    ComparedGroup,
    as_rows,
    compare,
    export_parquet,
    metric_rows,
    unit_note,
    write_scores,
)

__all__ = [
    "HEADER",
    "AccuracyEstimate",
    "ComparedGroup",
    "DrawScores",
    "GroupScore",
    "ScorerDifference",
    "Scores",
    "Sensitivity",
    "as_rows",
    "compare",
    "export_parquet",
    "metric_rows",
    "replacing",
    "summarise",
    "summarise_draws",
    "unit_note",
    "write_draw_scores",
    "write_lines",
    "write_scores",
]
