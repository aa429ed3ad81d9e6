"""Many questions of every kind, and the first 1500 rows of a benchmark, drawn once per session."""

from __future__ import annotations

import random

import pytest

from prism_engine.scenes import KINDS, drawn_question
from prism_engine.scenes.table import rows

A_KIND = 1000


@pytest.fixture(scope="session")
def drawn():
    """Per kind: scenes, each with a question."""
    rng = random.Random(20)
    return {kind: [drawn_question(kind, rng) for _ in range(A_KIND)] for kind in KINDS}


@pytest.fixture(scope="session")
def benchmark_rows():
    """Scene, question and picture of each row for seed 0."""
    return list(rows(1500, 0))
