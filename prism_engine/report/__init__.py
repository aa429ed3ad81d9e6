"""Turns sample outcomes into statistics, tables and reports."""

from __future__ import annotations

from prism_engine.report.atomic import replacing, write_lines
from prism_engine.report.scores.draws import AccuracyEstimate, DrawScores, summarise_draws, write_draw_scores
from prism_engine.report.scores.position_bias import PositionBias, bias_counts, bias_tables, summarise_bias, write_bias
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
    "PositionBias",
    "ScorerDifference",
    "Scores",
    "Sensitivity",
    "as_rows",
    "bias_counts",
    "bias_tables",
    "compare",
    "export_parquet",
    "metric_rows",
    "replacing",
    "summarise",
    "summarise_bias",
    "summarise_draws",
    "unit_note",
    "write_bias",
    "write_draw_scores",
    "write_lines",
    "write_scores",
]
