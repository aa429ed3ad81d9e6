"""Benchmark files in, samples out."""

from __future__ import annotations

from prism_engine.datasets.benchmark import Benchmark, open_benchmark
from prism_engine.datasets.catalogue import Listing, data_roots, find_benchmark, list_benchmarks
from prism_engine.datasets.given import Coverage, GivenTable
from prism_engine.datasets.ingest import IngestProgress, Progress

__all__ = [
    "Benchmark",
    "Coverage",
    "GivenTable",
    "IngestProgress",
    "Listing",
    "Progress",
    "data_roots",
    "find_benchmark",
    "list_benchmarks",
    "open_benchmark",
]
