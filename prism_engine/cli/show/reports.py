"""Reports of runs, sweeps, plans and forecasts on the terminal, and the exit code of a run."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from prism_engine.api import HEADER, TEXT_COLUMNS, RunStatus, SweepRow, shown_columns
from prism_engine.cli.exit_codes import error_code
from prism_engine.cli.show.console import human_seconds, print_bounds, print_table, same_command, stderr, stdout
from prism_engine.cli.show.expenses import out_of_money, print_held_back, print_money, print_sum
from prism_engine.cli.show.scores import print_scores
from prism_engine.config import Arm
from prism_engine.engine.plan import StagePlan
from prism_engine.imaging.picture_rules import summary
from prism_engine.records import AnswerKind
from prism_engine.report import bias_counts, bias_tables
from prism_engine.report.scores.draws import draw_rows
from prism_engine.scoring import OUR_PROFILE, scorer_of
from prism_engine.scoring.judged import JudgedScorer
from prism_engine.stage import STAGE_OF, STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prism_engine.api import PlannedRun, RunReport
    from prism_engine.engine.plan import Plan
    from prism_engine.engine.progress import Progress
    from prism_engine.report import DrawScores, PositionBias, Scores

SHOWN_REASONS = 3
"""Failure reasons printed in full; the others are counted."""
_CODES = {
    RunStatus.COMPLETE: 0,
    RunStatus.INCOMPLETE: 1,
    RunStatus.NOT_BEGUN: 1,
    RunStatus.INTERRUPTED: 130,
}
"""Exit codes of runs that no error stopped."""


class Finished(Protocol):
    """A finished run, judging or grading: how it ended, and the error that stopped it, if any."""

    @property
    def status(self) -> RunStatus: ...  # noqa: D102

    @property
    def trouble(self) -> Exception | None: ...  # noqa: D102


def report_code(report: Finished) -> int:
    """Return the exit code of a run, a judging or a grading; of several the highest one counts."""
    return _CODES[report.status] if report.trouble is None else error_code(report.trouble)


def print_report(report: RunReport) -> None:
    """Print a run's scores, where its results are, and what went wrong."""
    if report.name:
        stdout.print(report.name, style="bold", markup=False, soft_wrap=True)
    if report.status is RunStatus.NOT_BEGUN:
        stdout.print("stopped before a sample was finished; the same command continues", soft_wrap=True)
        return
    if report.scores is not None:
        print_scores(report.scores)
        if unscored := report.scores.overall.unscored:
            why = "their target is none of their options, as in open questions and test splits"
            if _needs_judge(report.scores) and not report.config.judge:
                why = "that takes a judge: run `prism judge` on this run with --judge MODEL"
            stdout.print(
                f"{unscored:,} samples are not scored: {why}. Their replies are in predictions.jsonl.", soft_wrap=True
            )
    if report.draws is not None:
        print_draws({"": report.draws})
    if report.bias is not None:
        print_bias(report.bias)
    progress = report.progress
    kept = " (of an earlier run that got further; left as they were)" if report.kept_earlier else ""
    stdout.print(f"Results: {report.folder}{kept}", soft_wrap=True)
    if report.scores is not None and not report.name:
        print_how_to_look(report.folder)
    cached = f"done ({progress.cached:,} from the cache)" if progress.cached else "done"
    counts = [(progress.done, cached), (progress.failed, "failed"), (progress.not_run, "not run")]
    summary = ", ".join(f"{count:,} {name}" for count, name in counts if count)
    stdout.print(f"{progress.total:,} samples: {summary} in {human_seconds(progress.seconds)}")
    print_bounds(progress.bounds.shares)
    print_held_back(progress)
    print_money(progress.spending)
    _print_reasons(progress.failures)
    if progress.fell_back:
        stdout.print(
            f"{progress.fell_back:,} samples had no per-question hints and used the generic instruction; `fell_back` "
            "in the results' rows says why",
            soft_wrap=True,
        )
    _print_cut(progress)
    _print_how_to_continue(report)


def print_draws(scores: Mapping[str, DrawScores]) -> None:
    """Print the scores over all draws of the same questions, under each of the rules that scored them.

    Args:
        scores: at least one, by the rules' name; an empty name is not printed.
    """
    one = next(iter(scores.values()))
    each = one.draws / max(one.questions, 1)
    stdout.print(f"The above is of each question's first draw. Of all {each:g} draws of {one.questions:,} questions:")
    rows = [
        (", ".join(filter(None, (what, name))), *cells)
        for name, one in scores.items()
        for what, *cells in draw_rows(one)
    ]
    print_table(("Of all draws", "Accuracy %", "95 % interval"), rows)


def print_bias(bias: PositionBias, name: str = "") -> None:
    """Print position bias and robust accuracy over all rotations of the options.

    Args:
        name: of the rules that scored them; empty if there is only one set.
    """
    stdout.print(f"The above is of the options as they are. Of all rotations{name and f', {name}'}:", soft_wrap=True)
    for header, rows in bias_tables(bias):
        print_table(header, rows)
    for sentence in bias_counts(bias):
        stdout.print(sentence, soft_wrap=True, markup=False)


def print_how_to_look(folder: Path) -> None:
    """Name the command that shows results with their pictures: writing its file takes longer than a cached run."""
    stdout.print(f"Look at it: {shlex.join(['prism', 'report', str(folder)])}", soft_wrap=True, markup=False)


def print_sweep(reports: Sequence[RunReport]) -> None:
    """Print the runs of a sweep as one table, and each reason once that stopped a run or left samples unanswered."""
    rows = [SweepRow.of(report).cells() for report in reports]
    hidden = {HEADER.index("Mode")} if all(report.config.mode == Arm.ALL for report in reports) else set()
    shown = [place for place in shown_columns(rows) if place not in hidden]
    words = sum(place < TEXT_COLUMNS for place in shown)
    print_table([HEADER[place] for place in shown], [[row[place] for place in shown] for row in rows], words=words)
    stdout.print(f"Results: {reports[0].config.results_dir}", soft_wrap=True)
    print_sum(reports)
    _print_reasons(sum((report.progress.failures for report in reports), Counter[str]()))
    printed = set()
    for report in reports:
        key = (report.status, str(report.trouble))
        if key not in printed:
            printed.add(key)
            _print_how_to_continue(report)


def print_plan(plan: Plan) -> None:
    """Print which calls a run would make, and which it would find in the cache."""
    stdout.print(f"{plan.samples:,} samples")
    if plan.rotations is not None:
        stdout.print(str(plan.rotations), soft_wrap=True, markup=False)
    print_table(
        ("Calls", "Cached", "To call", "After others"),
        [
            (STAGE_OF[key].label, f"{stage.cached:,}", f"{stage.to_call:,}", f"{stage.unknown:,}")
            for key, stage in plan.stages.items()
        ],
    )
    _print_conversions([plan])
    if plan.undescribed:
        stdout.print(f"{plan.undescribed:,} samples have no description yet, and this mode makes none")


def print_plans(planned: Sequence[PlannedRun]) -> None:
    """Print which calls multiple runs would make together; shared calls are counted at the first of them."""
    stdout.print(f"{sum(one.plan.samples for one in planned):,} samples in {len(planned)} runs")
    heads: list[str] = []
    columns: list[list[int]] = []
    for stage in STAGES:
        plans = [one.plan.stages.get(stage.key, StagePlan(0, 0)) for one in planned]
        if any(stage.key in one.plan.stages for one in planned):
            heads += [f"{stage.label}: cached", "to call"]
            columns += [[one.cached for one in plans], [one.to_call for one in plans]]
        if any(one.unknown for one in plans):
            heads.append("after others")
            columns.append([one.unknown for one in plans])
    names = [*(one.name for one in planned), "together"]
    rows = zip(*([*column, sum(column)] for column in columns), strict=True)
    print_table(
        ("Run", *heads),
        [(name, *(f"{count:,}" for count in counts)) for name, counts in zip(names, rows, strict=True)],
    )
    stdout.print("Calls that runs share are counted once, at the first of them.")
    for counts in dict.fromkeys(str(one.plan.rotations) for one in planned if one.plan.rotations is not None):
        stdout.print(counts, soft_wrap=True, markup=False)
    _print_conversions([one.plan for one in planned])


def _print_conversions(plans: Sequence[Plan]) -> None:
    """Print how many pictures of the calls to make each model gets converted."""
    models = [
        (one.name, model.converted)
        for plan in plans
        for stage in plan.stages.values()
        for one, model in stage.models.items()
    ]
    converted: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, pictures in models:
        converted.setdefault(name, {}).update(pictures)
    for name, pictures in converted.items():
        if pictures:
            stdout.print(
                f"pictures that {name} gets converted: {summary(pictures.values())}", soft_wrap=True, markup=False
            )


def _print_how_to_continue(report: RunReport) -> None:
    match report.status:
        case RunStatus.INCOMPLETE:
            stderr.print(f"to try the samples without an answer again: {same_command()}", soft_wrap=True)
        case RunStatus.INTERRUPTED:
            stderr.print(f"interrupted; continue with: {same_command()}", soft_wrap=True)
        case RunStatus.BUDGET:
            stderr.print(out_of_money(report.progress), soft_wrap=True)
        case RunStatus.DEADLINE:
            stderr.print(f"{report.trouble}; continue with: {same_command()}", soft_wrap=True)
        case RunStatus.FAILING:
            stderr.print(f"stopped: {report.trouble}; once fixed, continue with: {same_command()}", soft_wrap=True)
        case RunStatus.DIED:
            reason = str(report.trouble).replace("[", "\\[")
            stderr.print(f"[bold red]stopped:[/] {reason}", soft_wrap=True)
            stderr.print(f"once fixed, continue with: {same_command()}", soft_wrap=True)


def _print_reasons(failures: Counter[str]) -> None:
    """Print why samples failed or were not run, the most common reasons first."""
    for reason, count in failures.most_common(SHOWN_REASONS):
        stderr.print(f"  {count:,} x {reason}".replace("[", "\\["), soft_wrap=True)
    if (others := len(failures) - SHOWN_REASONS) > 0:
        stderr.print(f"  and {others:,} other reasons; `failure` in the results' rows has each")


def _needs_judge(scores: Scores) -> bool:
    """Return whether a judge, not rules alone, scores answers of this kind; that is so under all rules."""
    return scores.kind is not None and isinstance(scorer_of(AnswerKind(scores.kind), OUR_PROFILE), JudgedScorer)


def _print_cut(progress: Progress) -> None:
    for stage, meter in ((STAGE_OF[key], meter) for key, meter in progress.meters.items()):
        if meter.truncated:
            hint = "" if stage.option is None else f"; {stage.option} raises it"
            stdout.print(f"{meter.truncated:,} {stage.units} were cut at the output limit{hint}", soft_wrap=True)
