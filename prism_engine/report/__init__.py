"""Outcomes folded into statistics and tables."""

from __future__ import annotations

from prism_engine.report.atomic import replacing
from prism_engine.report.export import export_parquet
from prism_engine.report.statistics import GroupScore, Scores, summarise
from prism_engine.report.tables import HEADER, as_rows, write_scores

__all__ = [
    "HEADER",
    "GroupScore",
    "Scores",
    "as_rows",
    "export_parquet",
    "replacing",
    "summarise",
    "write_scores",
]
