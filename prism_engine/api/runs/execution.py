"""Executes one or more runs, from configuration to results on disk."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from prism_engine.api.build.parts import assembled
from prism_engine.api.build.workbench import Workbench
from prism_engine.api.results.answer_files import Answers
from prism_engine.api.results.result_rows import read_frame, read_rows, result_file
from prism_engine.api.results.run_folder import write_results
from prism_engine.api.results.run_status import TROUBLED, RunStatus, stopped_status
from prism_engine.api.results.status import keeping_status, write_status
from prism_engine.api.runs.controlling import RunControl
from prism_engine.api.runs.loops import run_blocking
from prism_engine.api.runs.prepared import prepare_runs
from prism_engine.api.runs.stopping import RunStop, stopping_at_deadline, stopping_on_signals
from prism_engine.budget import PAYER, Spending
from prism_engine.control.listener import listening
from prism_engine.engine.pipeline import NONE_GIVEN
from prism_engine.engine.progress import Progress
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from prism_engine.api.results.answer_files import AnswerUsage
    from prism_engine.api.runs.prepared import PreparedRun
    from prism_engine.config import Registry, RunConfig
    from prism_engine.datasets import IngestCallback as Ingesting
    from prism_engine.report import DrawScores, PositionBias, Scores


class ProgressDisplay(Protocol):
    """Shows progress while the context that it returns is open."""

    def __call__(self, progress: Progress, /) -> AbstractAsyncContextManager[None]: ...  # noqa: D102


@dataclass(frozen=True)
class RunReport:
    """The outcome of a run."""

    config: RunConfig
    name: str
    """Distinguishes it from its sibling runs, for example by mode; empty for a single run."""
    benchmark: str
    """The benchmark's name."""
    status: RunStatus
    folder: Path
    """Where the results are stored."""
    progress: Progress
    scores: Scores | None = None
    """None if the run only describes or wrote no results."""
    judged: Scores | None = None
    """Scores including the judge's reviews of answers that rules could not read; None without a judge."""
    draws: DrawScores | None = None
    """Scores of all draws if questions are asked more than once; `scores` is then of the first draw."""
    judged_draws: DrawScores | None = None
    """Scores of all draws including the judge's reviews; None without a judge or if questions are asked once."""
    bias: PositionBias | None = None
    """Position bias and robust accuracy if options are rotated; `scores` and `draws` are then of the options as they
    are."""
    judged_bias: PositionBias | None = None
    """The same including the judge's reviews; None without a judge or if no options are rotated."""
    trouble: Exception | None = None
    """The error that stopped it; None if none did or the user stopped it."""
    kept_earlier: bool = False
    """Whether earlier results were kept because this run stopped with fewer samples done."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """Return the result rows, in the benchmark's order, read from the results folder one at a time.

        A row is a sample with its description, reply and score; in mode `perception` its description, in mode
        `prompts` its hints. If questions are asked more than once, it is the first draw; `draws.jsonl` and
        `rotations.jsonl` have all.

        Raises:
            UserError: the run has written no results, or (while iterating) the file is damaged.
        """
        return read_rows(result_file(self.folder, self.config.mode))

    @cached_property
    def answer_usage(self) -> AnswerUsage:
        """What the answers used; reads all of them, once.

        Raises:
            UserError: the file is damaged.
        """
        return Answers.of(self.folder).usage()

    def frame(self) -> pl.DataFrame:
        """Return the rows as a polars frame, with the columns of the Parquet file in the results folder.

        Raises:
            UserError: the run has written no results, or the file is damaged.
        """
        return read_frame(result_file(self.folder, self.config.mode))


def run(
    config: RunConfig, registry: Registry, *, watch: ProgressDisplay | None = None, ingesting: Ingesting | None = None
) -> RunReport:
    """Run to the end, or until stopped, and write the results; see `run_many`."""
    (report,) = run_many([config], registry, watch=watch, ingesting=ingesting)
    return report


def run_many(
    configs: Sequence[RunConfig],
    registry: Registry,
    *,
    watch: ProgressDisplay | None = None,
    ingesting: Ingesting | None = None,
    finished: Callable[[RunReport], None] | None = None,
) -> list[RunReport]:
    """Execute runs concurrently on shared models: identical calls are made once, and an engine starts at most once.

    Perceiver engines take turns, by default one at a time: each writes its descriptions ahead of the reasoners and
    then makes room for the next, while reasoners continue with the descriptions made so far.

    SIGINT, SIGTERM and SIGHUP drain all runs: calls in flight complete and are kept. A second signal stops at once.

    Args:
        watch: shows the progress of all runs.
        ingesting: called with the progress of a benchmark's first reading.
        finished: called with each run's report as soon as its results are written.

    Raises:
        UserError: a configuration does not work; no run has made any call.
        StoreError: the cache or the results cannot be opened or written.
        KeyboardInterrupt: stopped at once; finished calls are in the cache, unfinished runs have written no results.
    """
    with ExitStack() as opened:
        shared = opened.enter_context(Workbench(max(config.engines_at_once for config in configs)))
        parts = [
            opened.enter_context(assembled(config, registry, look_only=False, ingesting=ingesting, shared=shared))
            for config in configs
        ]
        prepared_runs = prepare_runs(parts, shared, opened)
        try:
            return run_blocking(_execute_all(prepared_runs, shared, watch, finished))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


async def _execute_all(
    prepared_runs: Sequence[PreparedRun],
    shared: Workbench,
    watch: ProgressDisplay | None,
    finished: Callable[[RunReport], None] | None,
) -> list[RunReport]:
    stop = Stop()
    overview = _progress_of_all(prepared_runs, shared)
    write_lock = asyncio.Lock()
    stop.listen(overview.stop)

    async def execute_and_report(prepared: PreparedRun) -> RunReport:
        report = await _execute(prepared, RunStop(stop), write_lock, among=len(prepared_runs))
        if finished is not None:
            finished(report)
        return report

    deadlines = [prepared.parts.config.deadline for prepared in prepared_runs]
    with stopping_on_signals(stop), stopping_at_deadline(stop, deadlines) as alarm:
        control = RunControl(prepared_runs, overview, shared, stop, alarm)
        try:
            async with (
                listening(control.handlers()),
                watch(overview) if watch else nullcontext(),
                asyncio.TaskGroup() as group,
            ):
                tasks = [
                    group.create_task(execute_and_report(prepared), name=prepared.name) for prepared in prepared_runs
                ]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            await shared.close_backends()
    return [task.result() for task in tasks]


def _progress_of_all(prepared_runs: Sequence[PreparedRun], shared: Workbench) -> Progress:
    if len(prepared_runs) == 1:
        return prepared_runs[0].progress
    every_parts = [prepared.parts for prepared in prepared_runs]
    for key, whole in shared.meters.items():
        meters = [parts.meters[key] for parts in every_parts if key in parts.meters]
        for meter in meters:
            meter.whole = whole
        models = [model for parts in every_parts for model in parts.stages.get(key, {}).values()]
        if len({shared.owner(model.backend) for model in models}) == 1:
            whole.load = meters[0].load
    spending = next((Spending(parts.controller) for parts in every_parts if parts.controller is not None), None)
    return Progress.of([prepared.progress for prepared in prepared_runs], shared.meters, spending)


async def _execute(prepared: PreparedRun, stop: RunStop, write_lock: asyncio.Lock, *, among: int) -> RunReport:
    PAYER.set(prepared.name)
    parts, layout, progress, journal = prepared.parts, prepared.layout, prepared.progress, prepared.journal
    config, folder = parts.config, layout.folder
    stop.listen(progress.stop)
    stored = config.model_copy(update={"models": {**parts.resolved.entries, **config.models}})
    async with keeping_status(folder, stored, progress):
        await execute(prepared.run(), progress, stop)
        if progress.spending is not None:
            with suppress(StoreError):  # a broken ledger has already stopped the run, which reports it
                await progress.spending.conclude()
    progress.end()
    status = _status(config, progress, stop)
    if among > 1 and stop.requested and not stop.is_own and not progress.done + progress.failed:
        status = RunStatus.NOT_BEGUN
    write_status(folder, stored, progress, status.value)
    trouble = stop.reason if status in TROUBLED else None
    report = RunReport(config, prepared.name, parts.benchmark.name, status, folder, progress, trouble=trouble)
    if status not in (RunStatus.COMPLETE, RunStatus.INCOMPLETE) and layout.done_before > progress.done:
        journal.path.unlink(missing_ok=True)
        return replace(report, kept_earlier=True)
    if status is RunStatus.NOT_BEGUN:
        journal.path.unlink(missing_ok=True)
        return report
    async with write_lock:  # one run at a time, because a table takes memory
        # In a thread, so that a second Ctrl-C is still handled meanwhile.
        folded = await asyncio.to_thread(write_results, layout, journal, parts, progress, status.value)
    if folded is None:
        return report
    return replace(report, scores=folded.scores, draws=folded.draws, bias=folded.bias)


def _status(config: RunConfig, progress: Progress, stop: RunStop) -> RunStatus:
    if stop.reason is not None and (stop.is_own or progress.not_run):
        return stopped_status(stop)
    if stop.requested and progress.done + progress.failed < progress.total:
        return RunStatus.INTERRUPTED
    if progress.not_run:
        return RunStatus.INCOMPLETE
    skipped = progress.failures[NONE_GIVEN] if config.missing_descriptions == "skip" else 0
    tolerated = config.fail_on_error is not None  # more failures than allowed would have stopped the run
    return RunStatus.INCOMPLETE if progress.failed > skipped and not tolerated else RunStatus.COMPLETE
