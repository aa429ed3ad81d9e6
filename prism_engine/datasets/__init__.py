"""Reads benchmark files into samples."""

from __future__ import annotations

from prism_engine.datasets.before_run import require_pictures, require_scorable, run_notes
from prism_engine.datasets.benchmark import Benchmark, open_benchmark
from prism_engine.datasets.catalogue import Listing, data_roots, find_benchmark, list_benchmarks
from prism_engine.datasets.checkup import Checkup, check_benchmark
from prism_engine.datasets.contact_sheet import preview
from prism_engine.datasets.given_table import Coverage, GivenTable
from prism_engine.datasets.ingest import IngestCallback, IngestProgress
from prism_engine.datasets.survey import Sizes, picture_sizes

__all__ = [
    "Benchmark",
    "Checkup",
    "Coverage",
    "GivenTable",
    "IngestCallback",
    "IngestProgress",
    "Listing",
    "Sizes",
    "check_benchmark",
    "data_roots",
    "find_benchmark",
    "list_benchmarks",
    "open_benchmark",
    "picture_sizes",
    "preview",
    "require_pictures",
    "require_scorable",
    "run_notes",
]
