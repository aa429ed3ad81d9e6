"""The tables of an analysis: accuracies, comparisons, effects, failures and per-sample verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prism_engine.report.effects.failures import Attribution
from prism_engine.report.effects.two_factor import TwoFactor
from prism_engine.report.pages.sheets import Column, Sheet
from prism_engine.report.scores.inference import clustered_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prism_engine.report.effects.analysis import Analysis, Grid
    from prism_engine.report.effects.contrasts import Contrast
    from prism_engine.report.effects.failures import Judged
    from prism_engine.report.effects.own_metrics import MetricContrast
    from prism_engine.report.pages.sheets import Cell
    from prism_engine.report.scores.aligned import AlignedRuns

_GROUP: Final = (Column("level", "Level"), Column("name", "Name"))
_INTERVAL: Final = (Column("low", "95 % from", "share"), Column("high", "to", "share"))
_SIZE: Final = (Column("samples", "Samples", "count"), Column("clusters", "Pictures", "count"))


def sheets(analysis: Analysis) -> dict[str, Sheet]:
    """Return all tables by file name."""
    return {
        "accuracies": accuracy_sheet(analysis),
        "comparisons": contrast_sheet(analysis.contrasts),
        "effects": effect_sheet(analysis.grids),
        "failures": failure_sheet(analysis),
        "samples": sample_sheet(analysis),
    }


def accuracy_sheet(analysis: Analysis) -> Sheet:
    """Tabulate every run's accuracy, overall and per category."""
    who = ("benchmark", "mode", "perceiver", "reasoner", "instruction", "profile")
    columns = (
        *(Column(name, name.capitalize()) for name in who),
        *_GROUP,
        *_SIZE,
        Column("accuracy", "Accuracy %", "share"),
        *_INTERVAL,
    )
    rows = []
    for accuracy in analysis.accuracies:
        share = accuracy.share
        run = tuple(getattr(accuracy.setting, field) for field in who)
        group = (accuracy.level, accuracy.name)
        rows.append((*run, *group, share.n, share.clusters, share.value, share.low, share.high))
    return Sheet(columns, tuple(rows))


def contrast_sheet(contrasts: tuple[Contrast, ...]) -> Sheet:
    """Tabulate the paired comparisons."""
    columns = (
        Column("comparison", "Comparison"),
        Column("benchmark", "Benchmark"),
        Column("fixed", "The same"),
        Column("first", "First"),
        Column("second", "Second"),
        *_GROUP,
        *_SIZE,
        Column("first_accuracy", "First %", "share"),
        Column("second_accuracy", "Second %", "share"),
        Column("difference", "Difference", "points"),
        Column("low", "95 % from", "points"),
        Column("high", "to", "points"),
        Column("improved", "Wrong to right", "count"),
        Column("worsened", "Right to wrong", "count"),
        Column("test", "Test"),
        Column("p", "p", "p"),
        Column("p_holm", "p (Holm)", "p"),
        Column("p_clustered", "p clustered", "p"),
        Column("p_mcnemar", "p McNemar", "p"),
    )
    return Sheet(columns, tuple(map(_contrast_row, contrasts)))


def _contrast_row(contrast: Contrast) -> tuple[Cell, ...]:
    gap, test = contrast.paired.difference, contrast.paired
    return (
        *(contrast.kind, contrast.benchmark, contrast.fixed, contrast.first, contrast.second),
        *(contrast.level, contrast.name, gap.n, gap.clusters),
        *(contrast.first_share, contrast.second_share, gap.value, gap.low, gap.high, test.improved, test.worsened),
        *(test.test, test.p, contrast.p_holm, test.p_clustered, test.p_mcnemar),
    )


def metric_sheet(contrasts: Iterable[MetricContrast]) -> Sheet:
    """Tabulate the differences of two runs in the benchmark's own metrics, in the metrics' units."""
    columns = (
        Column("metric", "Metric"),
        Column("unit", "Counts"),
        Column("n", "Of them", "count"),
        Column("clusters", "Clusters", "count"),
        Column("maximum", "Maximum", "number"),
        Column("first", "First", "number"),
        Column("second", "Second", "number"),
        Column("difference", "Difference", "effect"),
        Column("low", "95 % from", "effect"),
        Column("high", "to", "effect"),
        Column("p", "p", "p"),
    )
    rows = []
    for each in contrasts:
        gap = each.difference
        sizes = (each.metric, each.unit, gap.n, gap.clusters, each.maximum)
        rows.append((*sizes, each.first, each.second, gap.value, gap.low, gap.high, each.p))
    return Sheet(columns, tuple(rows))


def effect_sheet(grids: tuple[Grid, ...]) -> Sheet:
    """Tabulate perception and reasoning effects, best models first, or the reason why a grid has no estimate."""
    columns = (
        Column("benchmark", "Benchmark"),
        Column("instruction", "Instruction"),
        Column("profile", "Profile"),
        Column("effect_on", "Effect on"),
        Column("model", "Model"),
        Column("rank", "Rank", "count"),
        Column("rank_sure", "Rank (sure)", "count"),
        Column("effect", "Log odds", "effect"),
        Column("low", "95 % from", "effect"),
        Column("high", "to", "effect"),
        Column("same_question", "Same question", "effect"),
        Column("same_question_low", "95 % from", "effect"),
        Column("same_question_high", "to", "effect"),
        Column("accuracy", "Accuracy % with all others", "share"),
        Column("remark", "Remark"),
    )
    return Sheet(columns, tuple(row for grid in grids for row in _effect_rows(grid)))


def _effect_rows(grid: Grid) -> Iterator[tuple[Cell, ...]]:
    key = (grid.benchmark, grid.instruction, grid.profile)
    estimate = grid.estimate
    if not isinstance(estimate, TwoFactor):
        yield (*key, *[None] * 11, f"cannot be estimated: {estimate.reason}")
        return
    remark = "penalised" if estimate.penalised else None
    for kind, effects in (("perception", estimate.perception), ("reasoning", estimate.reasoning)):
        for effect in effects:
            same_question = effect.same_question or (None, None, None)
            interval = (effect.value, effect.low, effect.high)
            numbers = (effect.rank, effect.rank_sure, *interval, *same_question, effect.accuracy)
            yield (*key, kind, effect.model, *numbers, remark)


def failure_sheet(analysis: Analysis) -> Sheet:
    """Tabulate the share of samples with each verdict, per run and group."""
    columns = (
        Column("benchmark", "Benchmark"),
        Column("run", "Run"),
        *_GROUP,
        Column("verdict", "Verdict"),
        Column("count", "Samples", "count"),
        Column("share", "Share %", "share"),
        *_INTERVAL,
    )
    rows = (
        row
        for judged in analysis.judged
        for row in _failure_rows(judged, analysis.benchmarks[judged.setting.benchmark])
    )
    return Sheet(columns, tuple(rows))


def _failure_rows(judged: Judged, aligned: AlignedRuns) -> Iterator[tuple[Cell, ...]]:
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

    own = np.array(judged.verdicts, dtype=object)
    present = {verdict: (own == verdict).astype(np.float64) for verdict in Attribution if verdict in judged.verdicts}
    for level, name, members in aligned.groups():
        for verdict, flags in present.items():
            group_flags = flags[members]
            share = clustered_share(group_flags, aligned.clusters[members])
            key = (judged.setting.benchmark, judged.setting.who, level, name)
            yield (*key, verdict.value, int(group_flags.sum()), share.value, share.low, share.high)


def sample_sheet(analysis: Analysis) -> Sheet:
    """List every sample of every decoupled run with its verdict."""
    names = ("benchmark", "run", "index", "l2_category", "category", "question", "verdict")
    # The texts of a benchmark are in memory once for all its runs.
    samples = {name: aligned.samples.select(names[2:-1]).rows() for name, aligned in analysis.benchmarks.items()}
    rows = [
        (judged.setting.benchmark, judged.setting.who, *sample, verdict.value)
        for judged in analysis.judged
        for sample, verdict in zip(samples[judged.setting.benchmark], judged.verdicts, strict=True)
    ]
    return Sheet(tuple(Column(name, name.capitalize()) for name in names), tuple(rows))
