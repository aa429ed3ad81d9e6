"""Run one or several: from configuration to results on disk."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from prism_engine.api.build.parts import assembled
from prism_engine.api.build.shared import SharedResources
from prism_engine.api.results.run_folder import write_results
from prism_engine.api.results.status import keeping_status, write_status
from prism_engine.api.runs.prepared import prepare_runs
from prism_engine.api.runs.stopping import RunStop, heeding_deadlines, heeding_signals
from prism_engine.budget import PAYER, Spending
from prism_engine.engine.overview import Overview
from prism_engine.engine.pipeline import NONE_GIVEN
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import BudgetError, DeadlineError, FailuresError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from prism_engine.api.runs.prepared import PreparedRun
    from prism_engine.config import Registry, RunConfig
    from prism_engine.datasets import IngestCallback as Ingesting
    from prism_engine.engine.progress import Progress
    from prism_engine.report import DrawScores, Scores


class ProgressDisplay(Protocol):
    """Shows progress for as long as the context that it returns lasts."""

    def __call__(self, progress: Progress | Overview, /) -> AbstractAsyncContextManager[None]: ...  # noqa: D102


class RunStatus(StrEnum):
    """How a run ended."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    """Every sample was visited, but some failed or had no description to answer from."""
    INTERRUPTED = "interrupted"
    """The user stopped it; the same command goes on."""
    BUDGET = "budget"
    """The cap on what the experiment may cost left nothing for the next call; with a larger one the same command goes
    on."""
    DEADLINE = "deadline"
    """The time given to it was up; the same command goes on."""
    FAILING = "failing"
    """More samples failed than it may go on with; the same command goes on."""
    DIED = "died"
    """A backend or the cache gave up; the same command goes on once that is mended."""
    NOT_BEGUN = "not begun"
    """The runs beside it were stopped before it had anything; the same command takes it up."""


_STOPPED = {
    BudgetError: RunStatus.BUDGET,
    DeadlineError: RunStatus.DEADLINE,
    FailuresError: RunStatus.FAILING,
}
_TROUBLED = {*_STOPPED.values(), RunStatus.DIED}


@dataclass(frozen=True)
class RunReport:
    """What a run came to."""

    config: RunConfig
    name: str
    """What tells it from the runs beside it, such as its mode; empty for the only one."""
    benchmark: str
    """The benchmark's name."""
    status: RunStatus
    folder: Path
    """Where the results lie."""
    progress: Progress
    scores: Scores | None = None
    """None where the run only describes, or has no results of its own."""
    judged: Scores | None = None
    """With what the run's judge made of the answers that rules could not read; None where it has none."""
    draws: DrawScores | None = None
    """What all draws come to, where questions are asked several times; `scores` is then of the first."""
    judged_draws: DrawScores | None = None
    """What all draws come to with the judge; None where it has none, or questions are asked once."""
    trouble: Exception | None = None
    """What stopped it, where that was not the user."""
    kept_earlier: bool = False
    """This run stopped with fewer samples done than the results that lay there already, so those were left alone."""


def run(
    config: RunConfig, registry: Registry, *, watch: ProgressDisplay | None = None, ingesting: Ingesting | None = None
) -> RunReport:
    """Run to the end, or until stopped, and write the results: `run_many` of one."""
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
    """Run all of them side by side on shared models: what several need is called once, an engine starts at most once.

    Engines that see take turns, one at a time where nothing else is said: each makes its descriptions ahead of the
    reasoners and makes room for the next one, while reasoners go on with what is described.

    SIGINT and SIGTERM drain all runs: calls on the wire complete and are kept. A second one stops at once.

    Args:
        watch: shows the progress of all.
        ingesting: told how far the first reading of a benchmark is.
        finished: told of each run as soon as its results are written.

    Raises:
        UserError: a configuration cannot work; nothing was called for any of them.
        StoreError: the cache or the results cannot be opened or written.
        KeyboardInterrupt: stopped at once; finished calls are in the cache, the run under way has written no results.
    """
    with ExitStack() as opened:
        shared = opened.enter_context(SharedResources(max(config.engines_at_once for config in configs)))
        assemblies = [assembled(one, registry, look_only=False, ingesting=ingesting, shared=shared) for one in configs]
        arms = prepare_runs([opened.enter_context(assembly) for assembly in assemblies], shared, opened)
        try:
            return asyncio.run(_run_arms(arms, shared, watch, finished))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


async def _run_arms(
    arms: Sequence[PreparedRun],
    shared: SharedResources,
    watch: ProgressDisplay | None,
    finished: Callable[[RunReport], None] | None,
) -> list[RunReport]:
    stop = Stop()
    overview = _overview(arms, shared)
    writing = asyncio.Lock()
    stop.listen(overview.stop)

    async def one(arm: PreparedRun) -> RunReport:
        report = await _run_arm(arm, RunStop(stop), writing, among=len(arms))
        if finished is not None:
            finished(report)
        return report

    with heeding_signals(stop), heeding_deadlines(stop, [arm.parts.config.deadline for arm in arms]):
        try:
            async with watch(overview) if watch else nullcontext(), asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(arm), name=arm.name) for arm in arms]
        except BaseExceptionGroup as group_of_errors:
            raise group_of_errors.exceptions[0] from None
        finally:
            await shared.close_backends()
    return [task.result() for task in tasks]


def _overview(arms: Sequence[PreparedRun], shared: SharedResources) -> Progress | Overview:
    if len(arms) == 1:
        return arms[0].progress
    for arm in arms:
        parts = arm.parts
        stages = (
            (parts.writing, shared.writing),
            (parts.describing, shared.describing),
            (parts.answering, shared.answering),
        )
        for model, whole in stages:
            if model is not None:
                model.meter.whole = whole
    if len({shared.owner(arm.parts.answering.backend) for arm in arms if arm.parts.answering is not None}) == 1:
        shared.answering.load = next(arm.parts.answering.load for arm in arms if arm.parts.answering is not None)
    spending = next((Spending(arm.parts.controller) for arm in arms if arm.parts.controller is not None), None)
    return Overview(
        [arm.progress for arm in arms], shared.describing, shared.answering, spending, writing=shared.writing
    )


async def _run_arm(arm: PreparedRun, stop: RunStop, writing: asyncio.Lock, *, among: int) -> RunReport:
    PAYER.set(arm.name)
    config, folder, progress = arm.parts.config, arm.layout.folder, arm.progress
    stop.listen(progress.stop)
    async with keeping_status(folder, arm.parts, progress):
        await execute(arm.run(), progress, stop)
        if progress.spending is not None:
            with suppress(StoreError):  # a ledger that is broken has stopped the run, which is news enough
                await progress.spending.conclude()
    progress.end()
    status = _status(config, progress, stop)
    if among > 1 and stop.requested and not stop.is_own and not progress.done + progress.failed:
        status = RunStatus.NOT_BEGUN
    write_status(folder, arm.parts, progress, status.value)
    trouble = stop.reason if status in _TROUBLED else None
    report = RunReport(config, arm.name, arm.parts.benchmark.name, status, folder, progress, trouble=trouble)
    if status not in (RunStatus.COMPLETE, RunStatus.INCOMPLETE) and arm.layout.done_before > progress.done:
        arm.journal.path.unlink(missing_ok=True)
        return replace(report, kept_earlier=True)
    if status is RunStatus.NOT_BEGUN:
        arm.journal.path.unlink(missing_ok=True)
        return report
    async with writing:  # one after another: a table takes memory
        # In a thread, so that a second Ctrl-C is heard meanwhile.
        folded = await asyncio.to_thread(write_results, arm.layout, arm.journal, arm.parts, progress, status.value)
    return report if folded is None else replace(report, scores=folded.scores, draws=folded.draws)


def _status(config: RunConfig, progress: Progress, stop: RunStop) -> RunStatus:
    if stop.reason is not None and (stop.is_own or progress.not_run):
        return next((status for kind, status in _STOPPED.items() if isinstance(stop.reason, kind)), RunStatus.DIED)
    if stop.requested and progress.done + progress.failed < progress.total:
        return RunStatus.INTERRUPTED
    if progress.not_run:
        return RunStatus.INCOMPLETE
    accepted = progress.failures[NONE_GIVEN] if config.missing_descriptions == "skip" else 0
    tolerated = config.fail_on_error is not None  # more failures would have stopped it
    return RunStatus.INCOMPLETE if progress.failed > accepted and not tolerated else RunStatus.COMPLETE
