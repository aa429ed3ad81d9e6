"""The two-factor analysis: each model's contribution, estimated from a grid of perceivers and reasoners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.report.effects.conditional import conditional_fit
from prism_engine.report.effects.logistic import fit
from prism_engine.report.effects.stacked import GridRun, stacked
from prism_engine.report.scores.inference import t_point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prism_engine.report.effects.conditional import ConditionalFit
    from prism_engine.report.effects.logistic import Fit
    from prism_engine.report.scores.inference import Labels, Numbers


@dataclass(frozen=True, slots=True)
class Effect:
    """One model's contribution, relative to the mean of the models of its kind."""

    model: str
    value: float
    """In log odds of a right answer; the effects of one kind sum to zero."""
    se: float
    low: float
    high: float
    """Upper end of the 95 % interval; `low` is its lower end."""
    same_question: tuple[float, float, float] | None
    """Value and interval for the same question (`conditional_fit`): larger the more the questions' difficulties vary.
    None if it cannot be estimated, or was not asked for."""
    accuracy: float
    """Predicted mean accuracy of the model when paired with every model of the other kind."""
    rank: int
    """Rank by value; 1 is best."""
    rank_sure: int
    """1 + the number of models whose interval is entirely above this one's; models with equal ranks are not
    distinguishable."""


@dataclass(frozen=True, slots=True)
class TwoFactor:
    """The estimate of a grid, best models first."""

    perception: tuple[Effect, ...]
    """Empty if there is only one perceiver."""
    reasoning: tuple[Effect, ...]
    samples: int
    """Questions that count: those with a score in every run of their benchmark."""
    of_samples: int
    clusters: int
    runs: int
    penalised: bool
    """See `logistic.Fit`: some cells have no right or no wrong answer, so effects are shrunk towards zero."""
    misfit: float
    """Largest difference between a run's observed and predicted accuracy, 0 to 1: large if some pairs of models work
    together better than the sum of their effects predicts."""


@dataclass(frozen=True, slots=True)
class Unestimable:
    """The reason why there is no estimate."""

    reason: str


def two_factor(
    runs: Sequence[GridRun], clusters: Mapping[str, Labels], *, same_question: bool = True
) -> TwoFactor | Unestimable:
    """Estimate log odds(right) = benchmark + perception of the perceiver + reasoning of the reasoner.

    Effects-coded: the effects of each kind sum to zero. Intervals are robust to any dependence between answers about
    one picture (`logistic.fit`), so the effects are population averages, not those of a single question. The grid
    may have gaps as long as chains of runs connect all its models.

    Args:
        clusters: per benchmark, each sample's cluster (`inference.clusters_of`).
        same_question: also estimate the effects for the same question, by far the longest part of a large grid.
    """
    perceivers = sorted({run.perceiver for run in runs})
    reasoners = sorted({run.reasoner for run in runs})
    grid = _Grid(sorted({run.benchmark for run in runs}), perceivers, reasoners)
    if impossible := grid.obstacle(runs):
        return Unestimable(impossible)
    data = stacked(runs, clusters)
    if data is None or (impossible := data.obstacle()):
        return Unestimable(impossible or "no question has a score in every run of its benchmark")
    design = grid.design(runs)
    fitted = fit(design, data.cell, data.score, data.cluster)
    conditional = None
    if same_question and not fitted.penalised:
        conditional = conditional_fit(data.blocks(design[:, len(grid.benchmarks) :]))
    return TwoFactor(
        grid.effects(fitted, conditional, perceivers, other=reasoners),
        grid.effects(fitted, conditional, reasoners, other=perceivers),
        samples=data.samples,
        of_samples=data.of_samples,
        clusters=fitted.clusters,
        runs=len(runs),
        penalised=fitted.penalised,
        misfit=float(abs(fitted.fitted - fitted.observed).max()),
    )


def sure_ranks(intervals: Sequence[tuple[float, float]]) -> list[int]:
    """Rank each interval (low, high) as 1 + the number of intervals entirely above it: Vision Arena's rule."""
    return [1 + sum(low > high for low, _ in intervals) for _, high in intervals]


def _duplicate(runs: Iterable[GridRun]) -> str:
    seen: set[tuple[str, str, str]] = set()
    for run in runs:
        if run[:3] in seen:
            return f"{run.perceiver} with {run.reasoner} on {run.benchmark}"
        seen.add(run[:3])
    return ""


class _Grid(NamedTuple):
    """The design's columns: one per benchmark, then one per model of each kind except its last."""

    benchmarks: list[str]
    perceivers: list[str]
    reasoners: list[str]

    def design(self, runs: Sequence[GridRun]) -> Numbers:
        """Return a row per run."""
        import numpy as np  # noqa: PLC0415

        rows = []
        for run in runs:
            benchmark = np.eye(len(self.benchmarks))[self.benchmarks.index(run.benchmark)]
            perceiver = _coding(len(self.perceivers))[self.perceivers.index(run.perceiver)]
            reasoner = _coding(len(self.reasoners))[self.reasoners.index(run.reasoner)]
            rows.append(np.concatenate([benchmark, perceiver, reasoner]))
        return np.array(rows)

    def obstacle(self, runs: Sequence[GridRun]) -> str:
        """Return why nothing can be estimated from these runs; empty if something can."""
        if len(self.perceivers) < 2 and len(self.reasoners) < 2:
            return "it takes two perceivers or two reasoners at least"
        duplicate = _duplicate(runs)
        return f"two runs are {duplicate}" if duplicate else self._disconnected(runs)

    def _disconnected(self, runs: Sequence[GridRun]) -> str:
        """Return which models no chain of runs connects; empty if all are connected."""
        import numpy as np  # noqa: PLC0415

        design = self.design(runs)
        rank = np.linalg.matrix_rank(design)
        if rank == design.shape[1]:
            return ""
        for names, start in self._kinds():
            for name, row in zip(names[1:], self._weights(len(names), start)[1:], strict=True):
                contrast = self._weights(len(names), start)[0] - row
                if np.linalg.matrix_rank(np.vstack([design, contrast])) > rank:
                    return f"no chain of runs connects {names[0]} with {name}; a model run with both connects them"
        return "no chain of runs connects the benchmarks"

    def effects(
        self, fitted: Fit, conditional: ConditionalFit | None, names: Sequence[str], *, other: Sequence[str]
    ) -> tuple[Effect, ...]:
        """Return one kind's effects, best first."""
        import numpy as np  # noqa: PLC0415

        if len(names) < 2:
            return ()
        start, other_start = (
            next(first for kind, first in self._kinds() if kind is models) for models in (names, other)
        )
        weights = self._weights(len(names), start)
        others = self._weights(len(other), other_start) @ fitted.coefficients
        levels = fitted.coefficients[: len(self.benchmarks)]
        base = levels[:, None] + others[None, :]
        found = [fitted.contrast(row) for row in weights]
        sure = sure_ranks([(low, high) for _, _, low, high in found])
        effects = [
            Effect(
                name,
                *numbers,
                same_question=_same_question(conditional, row[len(self.benchmarks) :], fitted.clusters),
                accuracy=float((1 / (1 + np.exp(-(base + numbers[0])))).mean()),
                rank=1 + sum(another[0] > numbers[0] for another in found),
                rank_sure=rank,
            )
            for name, numbers, rank, row in zip(names, found, sure, weights, strict=True)
        ]
        return tuple(sorted(effects, key=lambda effect: (effect.rank, effect.model)))

    def _kinds(self) -> tuple[tuple[list[str], int], ...]:
        first = len(self.benchmarks)
        return (self.perceivers, first), (self.reasoners, first + len(self.perceivers) - 1)

    def _weights(self, count: int, start: int) -> Numbers:
        """Return the weights of the coefficients in each model's effect, a row per model."""
        import numpy as np  # noqa: PLC0415

        width = len(self.benchmarks) + len(self.perceivers) - 1 + len(self.reasoners) - 1
        weights = np.zeros((count, width))
        weights[:, start : start + count - 1] = _coding(count)
        return weights


def _same_question(
    conditional: ConditionalFit | None, weights: Numbers, clusters: int
) -> tuple[float, float, float] | None:
    if conditional is None:
        return None
    value = float(weights @ conditional.coefficients)
    reach = t_point(clusters - 1) * float(weights @ conditional.covariance @ weights) ** 0.5
    return value, value - reach, value + reach


def _coding(count: int) -> Numbers:
    """Return effects coding: a column per model except the last, whose row is minus the sum of the others."""
    import numpy as np  # noqa: PLC0415

    coding: Numbers = np.vstack([np.eye(count - 1), -np.ones(count - 1)])
    return coding
