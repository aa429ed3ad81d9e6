"""Progress of a run, or of all runs of a command: numbers that a display may read at any moment."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from math import exp
from typing import TYPE_CHECKING, Any

from prism_engine.budget import Work
from prism_engine.engine.bottleneck import TICK_SECONDS, BottleneckClock
from prism_engine.records import SampleStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from prism_engine.budget import Spending
    from prism_engine.records import SampleResult
    from prism_engine.stage import StageKey
    from prism_engine.stages.meter import Meter


MAX_COMMANDS = 1000
"""Maximum number of control commands that are recorded; bounds memory and files."""
MAX_REASONS = 100
"""Maximum number of distinct failure reasons that are kept; bounds memory if every message differs."""
FIRST_BATCH_SECONDS = 2.0
"""Samples finished within this many seconds of the first one form the first batch; its start-up time is unknown."""

MIN_PACE_SECONDS = 5.0
"""Shortest time from which the remaining time is estimated."""
SMOOTHING_SECONDS = 10.0
"""Time in which a displayed estimate moves two thirds of the way to a new one."""


class SmoothEstimate:
    """Remaining time that counts down steadily and moves to new estimates without jumps."""

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None

    def read(self, estimate: float, now: float, *, still: bool = False) -> float:
        """Return what to display at a time, given the current estimate; however often it is read.

        Args:
            still: whether nothing can make progress at the moment, so that time does not count down.
        """
        if self._last is not None:
            shown, then = self._last
            expected = max(shown - (0.0 if still else now - then), 0.0)
            estimate = expected + (estimate - expected) * (1 - exp((then - now) / SMOOTHING_SECONDS))
        self._last = estimate, now
        return estimate


@dataclass
class Progress:
    """Sample counts, and the meters of the stages."""

    total: int
    meters: Mapping[StageKey, Meter]
    """The meter of each stage that the run has, in the order of the stages."""
    name: str = ""
    """The run's name among multiple runs; empty if it is the only one."""
    spending: Spending | None = None
    """The cost of the calls."""
    folder: Path | None = None
    """Where the run's results go; None if it is not a single run."""
    runs: tuple[Progress, ...] = ()
    """The runs that are counted here together; empty for a single run."""
    whole: Progress | None = field(default=None, repr=False)
    """The progress that counts this run together with others."""
    done: int = 0
    cached: int = 0
    """Samples among those done that needed no call."""
    failed: int = 0
    not_run: int = 0
    scored: int = 0
    correct: float = 0.0
    fell_back: int = 0
    """Samples that had no hints and used the shared instruction."""
    stopping: bool = False
    paused: bool = False
    """Whether the user has paused the run (`prism ctl`)."""
    commands: list[dict[str, Any]] = field(default_factory=list, repr=False)
    """What the user had the running run do, as `at` (time), `command`, `values`; the first `MAX_COMMANDS`."""
    failures: Counter[str] = field(default_factory=Counter, repr=False)
    """Reasons why samples failed or were not run, with counts: the first `MAX_REASONS` distinct ones."""
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    started: float = field(init=False)
    ended: float | None = field(default=None, init=False)
    """When the last sample finished."""
    bounds: BottleneckClock = field(init=False, repr=False)
    _worked: int = field(default=0, init=False, repr=False)
    """Finished samples that needed calls."""
    _first_worked: float | None = field(default=None, init=False, repr=False)
    """When the first of them finished."""
    _settled: tuple[float, int] = field(default=(0.0, 0), init=False, repr=False)
    """When the last sample of the first batch finished, less the time of starts, and their count by then: the pace is
    measured from there."""
    _starting: float = field(default=0.0, init=False, repr=False)
    """Seconds during which a model was started, or the run was paused."""
    _paused_since: float = field(default=0.0, init=False, repr=False)
    _start_seen: float = field(default=float("-inf"), init=False, repr=False)
    """When a start was last seen to go on."""
    _in_starts: int = field(default=0, init=False, repr=False)
    """Samples with calls that finished during starts."""
    _estimate: SmoothEstimate = field(default_factory=SmoothEstimate, init=False, repr=False)

    def __post_init__(self) -> None:
        self.started = self.clock()
        self.bounds = BottleneckClock(self.meters, clock=self.clock)
        self.bounds.while_starting = self._count_start
        for run in self.runs:
            run.whole = self
        if self.spending is not None and not self.runs:
            self.spending.watch(lambda: Work(self._worked, self.total - self.finished))

    @classmethod
    def of(
        cls, runs: Sequence[Progress], meters: Mapping[StageKey, Meter], spending: Spending | None = None
    ) -> Progress:
        """Return the progress of runs together, none of which has begun.

        Args:
            meters: the combined meter of each stage; those of stages that no run has are left out.
            spending: the combined cost; None if no model has a price.
        """
        used = {key: meter for key, meter in meters.items() if any(key in run.meters for run in runs)}
        return cls(sum(run.total for run in runs), used, spending=spending, runs=tuple(runs))

    @property
    def title(self) -> str:
        """The run's name; of multiple runs their number, and how many of them are finished."""
        if not self.runs:
            return self.name
        return f"{len(self.runs)} runs, {sum(run.ended is not None for run in self.runs)} finished"

    @property
    def finished(self) -> int:
        """Samples with a final status."""
        return self.processed + self.not_run

    @property
    def processed(self) -> int:
        """Samples that were asked, with success or without."""
        return self.done + self.failed

    @property
    def seconds(self) -> float:
        """Wall time from the start of the run until now, or until the last sample finished."""
        return (self.clock() if self.ended is None else self.ended) - self.started

    @property
    def eta_seconds(self) -> float | None:
        """Remaining seconds at the pace of samples that needed calls; None while the pace is unknown.

        The pace is measured from the end of the first batch, since a model may have had to start before it. Later
        starts of models, and what finishes during them, do not count either; how long the ones to come will take is
        unknown. The number of remaining samples that are cached is unknown and assumed to be zero. Estimates are
        smoothed over `SMOOTHING_SECONDS`, so that a burst of answers does not make them jump.
        """
        since, before = self._settled
        left, now = self.total - self.finished, self.clock()
        seconds, samples = now - self._starting - since, self._worked - self._in_starts - before
        if not left or self.stopping or self.paused or not samples or seconds < MIN_PACE_SECONDS:
            return None
        return self._estimate.read(seconds / samples * left, now, still=self._is_starting(now))

    def snapshot(self) -> dict[str, Any]:
        """Return all numbers for a log or another process: plain values, times in seconds."""
        eta = self.eta_seconds
        return {
            "run": self.title,
            "seconds": round(self.seconds, 1),
            "eta_seconds": None if eta is None else round(eta),
            "stopping": self.stopping,
            **({"paused": True} if self.paused else {}),
            **({"control": self.commands} if self.commands else {}),
            "samples": {
                "total": self.total,
                "done": self.done,
                "cached": self.cached,
                "failed": self.failed,
                "not_run": self.not_run,
            },
            "right_so_far": round(self.correct / self.scored, 4) if self.scored else None,
            "money": None if self.spending is None else self.spending.as_json(),
            "bounded_by": {name: round(share, 4) for name, share in self.bounds.shares.items()},
            "stages": {key: meter.snapshot() for key, meter in self.meters.items()},
            **({"runs": {run.name: f"{run.processed}/{run.total}" for run in self.runs}} if self.runs else {}),
        }

    def stop(self) -> None:
        """Record that the run is stopping."""
        self.stopping = True
        self.set_paused(paused=False)

    def set_paused(self, *, paused: bool) -> None:
        """Record that the user has paused the run, or resumed it; the time between does not count for the pace."""
        now = self.clock()
        if self.paused:
            self._starting += now - self._paused_since
        self.paused, self._paused_since = paused, now

    def record_command(self, command: Mapping[str, Any]) -> None:
        """Record what the user had the running run do; further ones than `MAX_COMMANDS` are only carried out."""
        if len(self.commands) < MAX_COMMANDS:
            self.commands.append(dict(command))

    def end(self) -> None:
        """Record that every sample is finished."""
        self.ended = self.clock()
        if self.whole is not None and all(run.ended is not None for run in self.whole.runs):
            self.whole.end()

    def uncount_failure(self, reason: str) -> None:
        """Subtract a failed sample that was retried; its new result is counted next."""
        if self.whole is not None:
            self.whole.uncount_failure(reason)
        self.failed -= 1
        self.failures -= Counter([reason])  # Counter subtraction drops entries that fall to zero

    def count_not_run(self, samples: int) -> None:
        """Count samples that were never started."""
        if self.whole is not None:
            self.whole.count_not_run(samples)
        self.not_run += samples

    def _count_start(self, since: float, until: float) -> None:
        """Count time during which a model was started; multiple runs may report the same."""
        if self.whole is not None:
            self.whole._count_start(since, until)  # noqa: SLF001 - same class
        self._starting += max(until - max(since, self._start_seen), 0.0)
        self._start_seen = max(self._start_seen, until)

    def _is_starting(self, now: float) -> bool:
        return now - self._start_seen <= 2 * TICK_SECONDS

    def _count_worked(self, now: float) -> None:
        self._worked += 1
        if self._first_worked is None:
            self._first_worked = now
        if now - self._first_worked <= FIRST_BATCH_SECONDS:
            self._settled = now - self._starting, self._worked - self._in_starts
        elif self._is_starting(now):
            self._in_starts += 1

    def count(self, result: SampleResult) -> None:
        """Count one finished sample."""
        if self.whole is not None:
            self.whole.count(result)
        if result.made_calls:
            self._count_worked(self.clock())
        if result.failure is not None and (result.failure in self.failures or len(self.failures) < MAX_REASONS):
            self.failures[result.failure] += 1
        self.fell_back += result.fell_back is not None and result.status is SampleStatus.DONE
        match result.status:
            case SampleStatus.DONE:
                self.done += 1
                self.cached += not result.made_calls
            case SampleStatus.FAILED:
                self.failed += 1
            case SampleStatus.NOT_RUN:
                self.not_run += 1
        if result.score is not None and result.score.value is not None:
            self.scored += 1
            self.correct += result.score.value
