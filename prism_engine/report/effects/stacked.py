"""Stacks a grid of runs into one column of answers, each with its run and picture cluster."""

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
    """One per sample, in the same order for all runs of the benchmark; NaN where there is none."""


class Stacked(NamedTuple):
    """All answers of the grid in one column, ordered by benchmark, then run."""

    cell: Labels
    """Each answer's run."""
    score: Numbers
    cluster: Labels
    samples: int
    """Samples that count: scored in every run of their benchmark."""
    of_samples: int
    """All samples."""
    runs: list[list[int]]
    """The runs of each benchmark, in the order of their answers."""

    def blocks(self, design: Numbers) -> list[Block]:
        """Return each benchmark's answers as a table of runs and questions."""
        found, start = [], 0
        for runs in self.runs:
            end = start + int((self.cell == runs[0]).sum()) * len(runs)
            scores = self.score[start:end].reshape(len(runs), -1)
            found.append(Block(design[runs], scores, self.cluster[start : start + scores.shape[1]]))
            start = end
        return found

    def obstacle(self) -> str:
        """Return why nothing can be estimated from these answers; empty if something can."""
        if self.cluster.max() == 0:
            return "all questions are about one picture"
        if self.score.min() == self.score.max():
            return "all answers are right" if self.score.max() else "all answers are wrong"
        return ""


def stacked(runs: Sequence[GridRun], clusters: Mapping[str, Labels]) -> Stacked | None:
    """Stack the answers to questions that have a score in every run of their benchmark.

    Args:
        clusters: per benchmark, each sample's cluster.

    Returns:
        None if a benchmark has no such question.
    """
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

    cells, scores, labels = [], [], []
    runs_by_benchmark: list[list[int]] = []
    samples = of_samples = offset = 0
    for benchmark in sorted({run.benchmark for run in runs}):
        numbers = [number for number, run in enumerate(runs) if run.benchmark == benchmark]
        table = np.vstack([runs[number].scores for number in numbers])
        counted = np.flatnonzero(~np.isnan(table).any(axis=0))
        runs_by_benchmark.append(numbers)
        samples, of_samples = samples + len(counted), of_samples + table.shape[1]
        label = clusters[benchmark][counted] + offset
        offset += int(clusters[benchmark].max(initial=-1)) + 1
        for row, number in enumerate(numbers):
            cells.append(np.full(len(label), number, dtype=np.int64))
            scores.append(table[row, counted])
            labels.append(label)
        if not len(label):
            return None
    cluster = np.unique(np.concatenate(labels), return_inverse=True)[1].astype(np.int64)
    return Stacked(np.concatenate(cells), np.concatenate(scores), cluster, samples, of_samples, runs_by_benchmark)
