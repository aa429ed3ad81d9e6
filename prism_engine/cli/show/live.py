"""Progress of runs: a live panel on a terminal; in a log a line of text, or of JSON, every few seconds."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from prism_engine.cli.log_format import LogFormat
from prism_engine.cli.show.console import LIVE_SECONDS, LOG_SECONDS, human_bytes, human_limit, human_seconds, stderr
from prism_engine.stage import STAGE_OF

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from prism_engine.datasets import IngestProgress
    from prism_engine.engine.progress import Progress
    from prism_engine.stage import Stage
    from prism_engine.stages.meter import Meter

WAITING = "none answered yet: its model may be starting"
SHOWN_RUNS = 12
"""How many runs of a sweep the panel shows."""
LARGE_FILE = 50_000_000
"""Size in bytes from which reading a benchmark file takes long enough to report progress."""


@contextlib.asynccontextmanager
async def watch(progress: Progress, log: LogFormat | None = None) -> AsyncIterator[None]:
    """Show progress on stderr until the block ends.

    Args:
        log: print lines of this format; None shows the live view on a terminal, and plain lines elsewhere.
    """
    live = log is None and stderr.is_terminal
    async with _live(progress) if live else _logged(progress, log or LogFormat.PLAIN):
        yield
    with contextlib.suppress(OSError):
        for one in progress.runs or (progress,):
            one.stopping = False  # it has stopped
            stderr.print(line(one), soft_wrap=True, markup=False)


@contextlib.asynccontextmanager
async def _live(progress: Progress) -> AsyncIterator[None]:
    live = Live(console=stderr, auto_refresh=False, transient=True)
    live.start()
    try:
        async with _every(LIVE_SECONDS, lambda: live.update(panel(progress), refresh=True)):
            yield
    finally:
        with contextlib.suppress(OSError):
            live.stop()


def _logged(progress: Progress, log: LogFormat) -> contextlib.AbstractAsyncContextManager[None]:
    def show() -> None:
        if log is LogFormat.JSON:
            stderr.out(json.dumps(progress.snapshot()), highlight=False)
        else:
            stderr.print(f"{datetime.now().astimezone():%H:%M:%S}  {log_line(progress)}", soft_wrap=True, markup=False)

    return _every(LOG_SECONDS, show)


def ingesting() -> Callable[[IngestProgress], None]:
    """Return a callback that prints the progress of reading a benchmark file, at every tenth of a large one."""
    last_tenth = 0

    def update(progress: IngestProgress) -> None:
        nonlocal last_tenth
        tenth = 10 * progress.bytes_read // max(progress.bytes_total, 1)
        if tenth > last_tenth and progress.bytes_total >= LARGE_FILE:
            last_tenth = tenth
            stderr.print(
                f"reading the benchmark: {progress.rows:,} rows, "
                f"{human_bytes(progress.bytes_read)} of {human_bytes(progress.bytes_total)}"
            )

    return update


def log_line(progress: Progress) -> str:
    """Return what matters of a run while it goes on, as one short line for a log that people read."""
    share = progress.processed / progress.total if progress.total else 1.0
    stages = _stages(progress)
    speeds = [f"{stage.label} {_rate(meter.calls_per_second)}/s" for stage, meter in stages if meter.calls_per_second]
    waits = [
        f"{stage.label} waits for: {human_limit(reason)}"
        for stage, meter in stages
        if (reason := meter.load().waiting_for) is not None
    ]
    starting = [f"{stage.label}: {WAITING}" for stage, meter in stages if _may_be_starting(meter)]
    parts = [
        progress.title,
        f"{progress.processed:,}/{progress.total:,} samples ({share:.0%})",
        _trouble(progress),
        _time(progress),
        ", ".join(speeds),
        *waits,
        *starting,
        _accuracy(progress),
        _money(progress),
    ]
    return " | ".join(part for part in parts if part)


def line(progress: Progress) -> str:
    """Return the state of a run as one line of plain text."""
    parts = [
        progress.title,
        f"{progress.processed:,}/{progress.total:,} samples",
        _trouble(progress),
        *(f"{stage.label}: {_calls(stage, meter)}" for stage, meter in _stages(progress)),
        _accuracy(progress),
        _money(progress),
        _time(progress),
    ]
    return " | ".join(part for part in parts if part)


def panel(progress: Progress) -> Group:
    """Return the state of a run as a live display."""
    stages = _stages(progress)
    bar = Table.grid()  # the bar alone would leave its line open
    bar.add_row(ProgressBar(total=max(progress.total, 1), completed=progress.done + progress.failed, width=72))
    samples = f"{progress.processed:,}/{progress.total:,}"
    head = [progress.title, samples, _trouble(progress), _accuracy(progress), _money(progress), _time(progress)]
    runs = Table.grid(padding=(0, 2))
    for one in _under_way(progress):
        runs.add_row(f"  {one.name}", f"{one.processed:,}/{one.total:,}", _trouble(one), _accuracy(one))
    waiting = [f"{stage.label}: {WAITING}" for stage, meter in stages if _may_be_starting(meter)]
    limits = [f"{stage.label}: {said}" for stage, meter in stages if (said := _limits(meter))]
    return Group(
        Text("  ".join(part for part in head if part), style="bold"), bar, _stage_table(stages), runs, *limits, *waiting
    )


def _stage_table(stages: Sequence[tuple[Stage, Meter]]) -> Table:
    """Return the counts of each stage; columns that are zero everywhere and that a run need not have are left out."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    counts: dict[str, Callable[[Meter], int]] = {
        "open": lambda meter: meter.in_flight,
        "called": lambda meter: meter.calls,
        "cached": lambda meter: meter.hits,
        "shared": lambda meter: meter.shared,
        "failed": lambda meter: meter.failed,
        "tokens out": lambda meter: meter.completion_tokens,
    }
    shown = {
        name: count
        for name, count in counts.items()
        if name not in ("shared", "failed") or any(count(meter) for _, meter in stages)
    }
    table.add_column("")
    for name in (*shown, "calls/s", "tokens/s"):
        table.add_column(name, justify="right")
    for stage, meter in stages:
        speeds = (_rate(meter.calls_per_second), _rate(meter.tokens_per_second))
        table.add_row(stage.label, *(f"{count(meter):,}" for count in shown.values()), *speeds)
    return table


def _under_way(progress: Progress) -> list[Progress]:
    """Return the first unfinished runs of a sweep; none if there is only one run."""
    return [one for one in progress.runs if one.ended is None][:SHOWN_RUNS]


def _stages(progress: Progress) -> list[tuple[Stage, Meter]]:
    return [(STAGE_OF[key], meter) for key, meter in progress.meters.items()]


def _calls(stage: Stage, meter: Meter) -> str:
    parts = [f"{meter.calls:,} called", f"{meter.hits:,} cached"]
    if meter.shared:
        parts.append(f"{meter.shared:,} shared")
    if meter.failed:
        parts.append(f"{meter.failed:,} failed")
    if speed := _speed(stage, meter):
        parts.append(speed)
    if meter.in_flight:
        parts.append(f"{meter.in_flight:,} open" + (f" ({WAITING})" if _may_be_starting(meter) else ""))
    return ", ".join(parts)


def _speed(stage: Stage, meter: Meter) -> str:
    rates = ((meter.calls_per_second, f"{stage.units}/s"), (meter.tokens_per_second, "tokens/s"))
    parts = [f"{_rate(rate)} {unit}" for rate, unit in rates if rate]
    return ", ".join([*parts, "absurd token counts reported"] if meter.tokens_are_absurd else parts)


def _rate(rate: float | None) -> str:
    return "-" if not rate else f"{rate:,.{0 if rate >= 100 else 1}f}"


def _may_be_starting(meter: Meter) -> bool:
    """Return whether calls are open, none was answered, and no limit (such as the budget) explains that."""
    return bool(meter.in_flight) and not meter.calls and meter.load().waiting_for is None


def _limits(meter: Meter) -> str:
    """Return how much of each limit is in use, and which one the next call waits for."""
    load = meter.load()
    shares = [
        f"{human_limit(name)} {use.used:,.0f}/{use.limit:,.0f} ({use.used / use.limit:.0%})"
        for name, use in load.limits.items()
    ]
    note = f" ({load.note})" if load.note else ""
    waits = f"; the next call waits for: {human_limit(load.waiting_for)}{note}" if load.waiting_for is not None else ""
    return ", ".join(shares) + waits


def _trouble(progress: Progress) -> str:
    parts = [f"{progress.cached:,} cached"] if progress.cached else []
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if progress.not_run:
        parts.append(f"{progress.not_run:,} not run")
    return ", ".join(parts)


def _accuracy(progress: Progress) -> str:
    return f"{progress.correct / progress.scored:.1%} right so far" if progress.scored else ""


def _money(progress: Progress) -> str:
    return "" if progress.spending is None else str(progress.spending)


def _time(progress: Progress) -> str:
    if progress.stopping:
        return "stopping: finishing the requests in flight (Ctrl-C again to stop at once)"
    if progress.paused:
        return f"{human_seconds(progress.seconds)}, paused (`prism ctl RUN resume` goes on)"
    left = progress.eta_seconds
    so_far = human_seconds(progress.seconds)
    if left is None or progress.finished == progress.total:
        return so_far
    return f"{so_far}, about {human_seconds(left)} left"


@contextlib.asynccontextmanager
async def _every(seconds: float, show: Callable[[], None]) -> AsyncIterator[None]:
    async def repeat() -> None:
        while True:
            await asyncio.sleep(seconds)
            with contextlib.suppress(OSError):  # a lost terminal must not end the run
                show()

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
