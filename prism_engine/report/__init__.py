"""Outcomes folded into statistics and tables."""

from __future__ import annotations

from prism_engine.report.atomic import replacing, write_lines
from prism_engine.report.comparison import ComparedGroup, compare
from prism_engine.report.draws import DrawScores, Estimate, summarise_draws, write_draw_scores
from prism_engine.report.export import export_parquet
from prism_engine.report.sensitivity import Difference, Sensitivity
from prism_engine.report.statistics import GroupScore, Scores, summarise
from prism_engine.report.tables import HEADER, as_rows, metric_rows, write_scores

__all__ = [
    "HEADER",
    "ComparedGroup",
    "Difference",
    "DrawScores",
    "Estimate",
    "GroupScore",
    "Scores",
    "Sensitivity",
    "as_rows",
    "compare",
    "export_parquet",
    "metric_rows",
    "replacing",
    "summarise",
    "summarise_draws",
    "write_draw_scores",
    "write_lines",
    "write_scores",
]
