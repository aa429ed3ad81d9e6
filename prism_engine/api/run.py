"""Plan a run, or run it: from configuration to results on disk."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from prism_engine.api.parts import assembled
from prism_engine.api.results import Layout, write_results
from prism_engine.engine.journal import Journal
from prism_engine.engine.progress import Progress
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.api.parts import Parts
    from prism_engine.config import Registry, RunConfig
    from prism_engine.datasets import Progress as Ingesting
    from prism_engine.engine.plan import Plan
    from prism_engine.report import Scores


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
    DIED = "died"
    """A backend or the cache gave up; the same command goes on once that is mended."""


@dataclass(frozen=True)
class RunReport:
    """What a run came to."""

    status: RunStatus
    folder: Path
    """Where the results lie."""
    progress: Progress
    scores: Scores | None
    """None where the run only describes."""
    trouble: Exception | None
    """What stopped it, for the status `died`."""
    kept_earlier: bool = False
    """This run stopped with fewer samples done than the results that lay there already, so those were left alone."""


def plan(config: RunConfig, registry: Registry, *, ingesting: Ingesting | None = None) -> Plan:
    """Say what is cached and what remains. Calls no model and needs no key.

    Raises:
        UserError, StoreError: as `run`.
    """
    with assembled(config, registry, look_only=True, ingesting=ingesting) as parts:
        return parts.plan()


def run(
    config: RunConfig, registry: Registry, *, watch: Watch | None = None, ingesting: Ingesting | None = None
) -> RunReport:
    """Run to the end, or until stopped, and write the results.

    SIGINT and SIGTERM drain: calls on the wire complete and are kept. A second one stops at once.

    Raises:
        UserError: the configuration cannot work; nothing was called.
        StoreError: the cache or the results cannot be opened or written.
        KeyboardInterrupt: stopped at once; finished calls are in the cache, no results are written.
    """
    with assembled(config, registry, look_only=False, ingesting=ingesting) as parts:
        layout = Layout.of(config, parts.benchmark.name, parts.benchmark.sha256)
        journal = Journal(layout.folder / "journal.jsonl", len(parts.benchmark))
        try:
            progress = Progress(parts.count, parts.perceiving.meter, parts.reasoning.meter if parts.reasoning else None)
            stop = Stop()
            try:
                asyncio.run(_execute(parts, journal, progress, stop, watch))
            except asyncio.CancelledError:
                raise KeyboardInterrupt from None
            status = _status(progress, stop)
            if status in (RunStatus.INTERRUPTED, RunStatus.DIED) and layout.done_before > progress.done:
                journal.path.unlink(missing_ok=True)
                return RunReport(status, layout.folder, progress, None, stop.reason, kept_earlier=True)
            scores = write_results(layout, journal, parts, progress, status.value)
            return RunReport(status, layout.folder, progress, scores, stop.reason)
        finally:
            journal.close()


async def _execute(parts: Parts, journal: Journal, progress: Progress, stop: Stop, watch: Watch | None) -> None:
    run = parts.run(journal)
    loop, main = asyncio.get_running_loop(), asyncio.current_task()
    assert main is not None
    signalled = False

    def on_signal() -> None:
        nonlocal signalled
        if signalled:
            main.cancel()
        signalled = True
        stop.request()

    stop.listen(progress.stop)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        async with watch(progress) if watch else nullcontext():
            await execute(run, progress, stop)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _status(progress: Progress, stop: Stop) -> RunStatus:
    if stop.reason is not None:
        return RunStatus.DIED
    if stop.requested and progress.done + progress.failed < progress.total:
        return RunStatus.INTERRUPTED
    return RunStatus.INCOMPLETE if progress.failed or progress.not_run else RunStatus.COMPLETE
