"""Run one or several: from configuration to results on disk."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from prism_engine.api.merging import with_parts
from prism_engine.api.parts import assembled
from prism_engine.api.results import Layout, write_results
from prism_engine.api.shared import Shared
from prism_engine.api.status import keeping_status, write_status
from prism_engine.api.stopping import heeding_signals
from prism_engine.config import Mode
from prism_engine.config.deadline import deadline_at
from prism_engine.engine.journal import Journal
from prism_engine.engine.progress import Progress
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import BudgetError, ConfigError, DeadlineError, FailuresError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from prism_engine.api.parts import Parts
    from prism_engine.config import Registry, RunConfig
    from prism_engine.datasets import Progress as Ingesting
    from prism_engine.report import Scores

_TELLING = (
    *("benchmark", "samples", "perceiver", "merge", "pictures", "instruction", "reasoner", "mode", "answer_kind"),
    "profile",
)
"""What tells runs apart for people."""


class Watch(Protocol):
    """Shows progress for as long as the context that it returns lasts."""

    def __call__(self, progress: Progress, /) -> AbstractAsyncContextManager[None]: ...  # noqa: D102


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
    """A run before it was stopped; the same command takes it up."""


_STOPPED = {
    BudgetError: RunStatus.BUDGET,
    DeadlineError: RunStatus.DEADLINE,
    FailuresError: RunStatus.FAILING,
}


@dataclass(frozen=True)
class RunReport:
    """What a run came to."""

    config: RunConfig
    name: str
    """What tells it from the runs beside it, such as its mode; empty for the only one."""
    status: RunStatus
    folder: Path
    """Where the results lie."""
    progress: Progress
    scores: Scores | None = None
    """None where the run only describes, or has no results of its own."""
    trouble: Exception | None = None
    """What stopped it, where that was not the user."""
    kept_earlier: bool = False
    """This run stopped with fewer samples done than the results that lay there already, so those were left alone."""


def run(
    config: RunConfig, registry: Registry, *, watch: Watch | None = None, ingesting: Ingesting | None = None
) -> RunReport:
    """Run to the end, or until stopped, and write the results: `run_many` of one."""
    *_, report = run_many([config], registry, watch=watch, ingesting=ingesting)
    return report


def run_many(
    configs: Sequence[RunConfig],
    registry: Registry,
    *,
    watch: Watch | None = None,
    ingesting: Ingesting | None = None,
    finished: Callable[[RunReport], None] | None = None,
) -> list[RunReport]:
    """Run one after another on shared models: an engine starts at most once, and ends after the last run that uses it.

    SIGINT and SIGTERM drain: calls on the wire complete and are kept, and later runs are not begun. A second one stops
    at once.

    Before a run that joins several perceivers which need this machine's memory (`A~B`), all but the last describe in
    runs of their own, where they have not yet; these have reports like the others.

    Args:
        watch: shows each run's progress.
        ingesting: told how far the first reading of a benchmark is.
        finished: told of each run as soon as its results are written.

    Raises:
        UserError: a configuration cannot work; nothing was called for any of them.
        StoreError: the cache or the results cannot be opened or written.
        KeyboardInterrupt: stopped at once; finished calls are in the cache, the run under way has written no results.
    """
    with ExitStack() as opened:
        shared = opened.enter_context(Shared())
        configs = with_parts(configs, registry, ingesting)
        assemblies = [assembled(one, registry, look_only=False, ingesting=ingesting, shared=shared) for one in configs]
        arms = _arms([opened.enter_context(assembly) for assembly in assemblies], opened)
        try:
            return asyncio.run(_run_arms(arms, shared, watch, finished))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


@dataclass(frozen=True)
class _Arm:
    """One of the runs, ready."""

    name: str
    parts: Parts
    layout: Layout
    journal: Journal
    only: frozenset[int] | None

    def progress(self) -> Progress:
        describing, answering = self.parts.describing, self.parts.answering
        return Progress(
            self.parts.count,
            describing.meter if describing else None,
            answering.meter if answering else None,
            name=self.name,
            spending=self.parts.spending(),
            answerer="perceiver" if self.parts.config.mode is Mode.DIRECT else "reasoner",
            writing=self.parts.writing.meter if self.parts.writing else None,
        )


def _arms(many: Sequence[Parts], opened: ExitStack) -> list[_Arm]:
    """Give each run its name, and its folder, which no other one may write into.

    Raises:
        ConfigError: two of them have the same folder, or another process is writing into one.
    """
    telling = [field for field in _TELLING if len({getattr(parts.config, field) for parts in many}) > 1]
    names: dict[Path, str] = {}
    planned = []
    for parts in many:
        values = [getattr(parts.config, field) for field in telling]
        name = " ".join(str(value) for value in values if value is not None)
        layout = Layout.of(parts.config, parts.benchmark.name, parts.benchmark.sha256)
        if (other := names.get(layout.folder)) is not None:
            both = f"runs {other!r} and {name!r}" if name != other else "two equal runs"
            raise ConfigError(f"{layout.folder}: {both} would write their results here; start them one after the other")
        names[layout.folder] = name
        planned.append((name, parts, layout, layout.failed_before() if parts.config.retry_failed else None))
    return [
        _Arm(
            name,
            parts,
            layout,
            opened.enter_context(closing(Journal(layout.folder / "journal.jsonl", len(parts.benchmark)))),
            only,
        )
        for name, parts, layout, only in planned
    ]


async def _run_arms(
    arms: Sequence[_Arm], shared: Shared, watch: Watch | None, finished: Callable[[RunReport], None] | None
) -> list[RunReport]:
    stop = Stop()
    reports = []
    with heeding_signals(stop), _heeding_deadlines(stop, [arm.parts.config for arm in arms]):
        try:
            for number, arm in enumerate(arms, start=1):
                reports.append(await _run_arm(arm, stop, watch))
                models = (model for later in arms[number:] for model in later.parts.models.values())
                await shared.close_all_but(model.backend for model in models if model.backend is not None)
                if finished is not None:
                    finished(reports[-1])
        finally:
            await shared.close_backends()
    return reports


async def _run_arm(arm: _Arm, stop: Stop, watch: Watch | None) -> RunReport:
    config, folder, progress = arm.parts.config, arm.layout.folder, arm.progress()
    if stop.requested:
        arm.journal.path.unlink(missing_ok=True)
        progress.not_run = progress.total
        return RunReport(config, arm.name, RunStatus.NOT_BEGUN, folder, progress)
    stop.listen(progress.stop)
    async with keeping_status(folder, arm.parts, progress), watch(progress) if watch else nullcontext():
        await execute(arm.parts.run(arm.journal, arm.only), progress, stop)
        if progress.spending is not None:
            with suppress(StoreError):  # a ledger that is broken has stopped the run, which is news enough
                await progress.spending.conclude()
    status = _status(config, progress, stop)
    write_status(folder, arm.parts, progress, status.value)
    if status not in (RunStatus.COMPLETE, RunStatus.INCOMPLETE) and arm.layout.done_before > progress.done:
        arm.journal.path.unlink(missing_ok=True)
        return RunReport(config, arm.name, status, folder, progress, trouble=stop.reason, kept_earlier=True)
    # In a thread, so that a second Ctrl-C is heard meanwhile.
    scores = await asyncio.to_thread(write_results, arm.layout, arm.journal, arm.parts, progress, status.value)
    return RunReport(config, arm.name, status, folder, progress, scores, stop.reason)


@contextmanager
def _heeding_deadlines(stop: Stop, configs: Sequence[RunConfig]) -> Iterator[None]:
    """Request the stop at the first of the runs' deadlines."""
    now = datetime.now().astimezone()
    moments = [deadline_at(config.deadline, now) for config in configs if config.deadline is not None]
    if not moments:
        yield
        return
    first = min(moments)
    error = DeadlineError(f"the deadline has come ({first.astimezone(now.tzinfo):%Y-%m-%d %H:%M})")
    alarm = asyncio.get_running_loop().call_later((first - now).total_seconds(), stop.request, error)
    try:
        yield
    finally:
        alarm.cancel()


def _status(config: RunConfig, progress: Progress, stop: Stop) -> RunStatus:
    if stop.reason is not None:
        return next((status for kind, status in _STOPPED.items() if isinstance(stop.reason, kind)), RunStatus.DIED)
    if stop.requested and progress.done + progress.failed < progress.total:
        return RunStatus.INTERRUPTED
    tolerated = config.fail_on_error is not None and not progress.not_run  # more failures would have stopped it
    return RunStatus.INCOMPLETE if progress.not_run or (progress.failed and not tolerated) else RunStatus.COMPLETE
