"""A grid of runs as one column of answers: which count, which run gave each, and about which picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prism_engine.report.effects.conditional import Block

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prism_engine.report.scores.inference import Labels, Numbers


class GridRun(NamedTuple):
    """One run of the grid."""

    benchmark: str
    perceiver: str
    reasoner: str
    scores: Numbers
    """One per sample of the benchmark, in one order for all its runs; NaN where there is none."""


class Stacked(NamedTuple):
    """All answers of the grid below each other."""

    cell: Labels
    score: Numbers
    cluster: Labels
    samples: int
    of_samples: int
    places: list[list[int]]
    """The runs of each benchmark, whose answers lie in this order."""

    def blocks(self, design: Numbers) -> list[Block]:
        """Return the answers benchmark by benchmark, as a table of runs and questions."""
        found, start = [], 0
        for places in self.places:
            end = start + int((self.cell == places[0]).sum()) * len(places)
            scores = self.score[start:end].reshape(len(places), -1)
            found.append(Block(design[places], scores, self.cluster[start : start + scores.shape[1]]))
            start = end
        return found

    def obstacle(self) -> str:
        """Say why these answers tell nothing; an empty text where they do."""
        if self.cluster.max() == 0:
            return "all questions are about one picture"
        if self.score.min() == self.score.max():
            return "all answers are right" if self.score.max() else "all answers are wrong"
        return ""


def stacked(runs: Sequence[GridRun], clusters: Mapping[str, Labels]) -> Stacked | None:
    """Put the answers below each other that count: to questions with a score in every run of their benchmark.

    Args:
        clusters: per benchmark, each sample's cluster.

    Returns:
        None where a benchmark has no such question.
    """
    import numpy as np  # noqa: PLC0415 - a run that needs no statistics starts without it

    cells, scores, owners = [], [], []
    blocks: list[list[int]] = []
    samples = of_samples = offset = 0
    for benchmark in sorted({run.benchmark for run in runs}):
        places = [place for place, run in enumerate(runs) if run.benchmark == benchmark]
        table = np.vstack([runs[place].scores for place in places])
        counted = np.flatnonzero(~np.isnan(table).any(axis=0))
        blocks.append(places)
        samples, of_samples = samples + len(counted), of_samples + table.shape[1]
        owner = clusters[benchmark][counted] + offset
        offset += int(clusters[benchmark].max(initial=-1)) + 1
        for row, place in enumerate(places):
            cells.append(np.full(len(owner), place, dtype=np.int64))
            scores.append(table[row, counted])
            owners.append(owner)
        if not len(owner):
            return None
    cluster = np.unique(np.concatenate(owners), return_inverse=True)[1].astype(np.int64)
    return Stacked(np.concatenate(cells), np.concatenate(scores), cluster, samples, of_samples, blocks)
