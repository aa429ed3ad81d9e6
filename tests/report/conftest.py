"""A small but complete set of runs: two perceivers, two reasoners, another instruction, and every arm."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from prism_engine.report.effects.analysis import Analysis, analyse
from prism_engine.report.scores.finished import find_runs
from tests.finished import write_run


@pytest.fixture(scope="session")
def complete(tmp_path_factory):
    """The results folder."""
    results = tmp_path_factory.mktemp("results")
    draw = np.random.default_rng(4)

    def scores(share):
        return [float(luck < share) for luck in draw.random(80)]

    for benchmark in ("Bench", "Other"):
        for perceiver, seeing in (("eye", 0.3), ("lens", 0.1)):
            for reasoner, thinking in (("brain", 0.4), ("mind", 0.2)):
                who = partial(write_run, perceiver=perceiver, reasoner=reasoner, benchmark=benchmark)
                who(results, scores(seeing + thinking), per_picture=2)
    write_run(results, scores(0.8), instruction="detailed", per_picture=2)
    write_run(results, scores(0.5), mode="direct", per_picture=2)
    write_run(results, scores(0.3), mode="blind", per_picture=2)
    write_run(results, scores(0.9), mode="oracle", per_picture=2)
    return results


@pytest.fixture(scope="session")
def analysis(complete) -> Analysis:
    """The analysis of these runs."""
    return analyse(find_runs([complete]))
