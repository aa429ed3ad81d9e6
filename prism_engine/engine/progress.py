"""How far a run is: numbers that a display may read at any moment."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prism_engine.engine.bottleneck import REASONER, BottleneckClock
from prism_engine.records import SampleStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.budget import Spending
    from prism_engine.records import SampleResult
    from prism_engine.stages.meter import Meter


MOST_REASONS = 100
"""Different reasons that are kept; bounds memory where every message is another one."""
SETTLING = 2.0
"""Seconds within which samples belong to the first batch, which came after a start of unknown length."""


@dataclass
class Progress:
    """Counts of samples, and the meters of both stages."""

    total: int
    describing: Meter | None
    """None where nothing is described."""
    answering: Meter | None
    """None where nothing is answered."""
    name: str = ""
    """Which of several runs this is; empty for the only one."""
    spending: Spending | None = None
    """What the calls cost."""
    answerer: str = REASONER
    """Who answers."""
    writing: Meter | None = None
    """Of who writes what to observe; None where nobody does."""
    done: int = 0
    cached: int = 0
    """Samples among those done that took no call."""
    failed: int = 0
    not_run: int = 0
    scored: int = 0
    correct: float = 0.0
    fell_back: int = 0
    """Samples whose perceiver was told the instruction for all, because there were no contents to observe."""
    stopping: bool = False
    failures: Counter[str] = field(default_factory=Counter, repr=False)
    """Why samples failed or were not run: the first so many different reasons, and how often each."""
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    started: float = field(init=False)
    ended: float | None = field(default=None, init=False)
    """When the last sample was through."""
    bounds: BottleneckClock = field(init=False, repr=False)
    _worked: int = field(default=0, init=False, repr=False)
    """Samples that took calls and are finished."""
    _first_worked: float | None = field(default=None, init=False, repr=False)
    """When the first of them was."""
    _settled: tuple[float, int] = field(default=(0.0, 0), init=False, repr=False)
    """When the last of the first batch was, and how many there were then: the pace counts from there."""

    def __post_init__(self) -> None:
        self.started = self.clock()
        self.bounds = BottleneckClock(self.describing, self.answering, answerer=self.answerer, clock=self.clock)

    @property
    def finished(self) -> int:
        """Samples whose fate is known."""
        return self.done + self.failed + self.not_run

    @property
    def seconds(self) -> float:
        """Wall time since the first sample was admitted, until the last one was through."""
        return (self.clock() if self.ended is None else self.ended) - self.started

    @property
    def worked(self) -> int:
        """Samples that took calls and are finished."""
        return self._worked

    @property
    def eta_seconds(self) -> float | None:
        """Remaining wall time at the pace of samples that took calls; None while that is not known.

        The pace counts from the first of them (or the first batch), since a model may have to start before it. How
        many of the samples to come are cached is not known, so none is taken to be.
        """
        since, before = self._settled
        left = self.total - self.finished
        if not left or self.stopping or self._worked == before:
            return None
        return (self.clock() - since) / (self._worked - before) * left

    def snapshot(self) -> dict[str, Any]:
        """Return everything in numbers, for a log or another process: plain values, times in seconds."""
        eta = self.eta_seconds
        stages = (("write", self.writing), ("describe", self.describing), ("answer", self.answering))
        return {
            "run": self.name,
            "seconds": round(self.seconds, 1),
            "eta_seconds": None if eta is None else round(eta),
            "stopping": self.stopping,
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
            **{name: meter.snapshot() for name, meter in stages if meter is not None},
        }

    def stop(self) -> None:
        """Take note that the run is stopping."""
        self.stopping = True

    def end(self) -> None:
        """Take note that every sample is through."""
        self.ended = self.clock()

    def uncount_failure(self, reason: str) -> None:
        """Forget a sample that had failed: it was taken up again, and what came of it is counted next."""
        self.failed -= 1
        self.failures -= Counter([reason])  # what falls to zero is dropped

    def count(self, result: SampleResult) -> None:
        """Take note of one finished sample."""
        if result.took_work:
            self._worked += 1
            now = self.clock()
            if self._first_worked is None:
                self._first_worked = now
            if now - self._first_worked <= SETTLING:
                self._settled = now, self._worked
        if result.failure is not None and (result.failure in self.failures or len(self.failures) < MOST_REASONS):
            self.failures[result.failure] += 1
        self.fell_back += result.fell_back is not None and result.status is SampleStatus.DONE
        match result.status:
            case SampleStatus.DONE:
                self.done += 1
                self.cached += not result.took_work
            case SampleStatus.FAILED:
                self.failed += 1
            case SampleStatus.NOT_RUN:
                self.not_run += 1
        if result.score is not None and result.score.value is not None:
            self.scored += 1
            self.correct += result.score.value
