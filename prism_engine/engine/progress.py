"""How far a run is: numbers that a display may read at any moment."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prism_engine.records import SampleStatus

if TYPE_CHECKING:
    from prism_engine.budget import Spending
    from prism_engine.records import SampleResult
    from prism_engine.stages.meter import Meter


MOST_REASONS = 100
"""Different reasons that are kept; bounds memory where every message is another one."""


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
    done: int = 0
    failed: int = 0
    not_run: int = 0
    scored: int = 0
    correct: float = 0.0
    stopping: bool = False
    failures: Counter[str] = field(default_factory=Counter, repr=False)
    """Why samples failed or were not run: the first so many different reasons, and how often each."""
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def finished(self) -> int:
        """Samples whose fate is known."""
        return self.done + self.failed + self.not_run

    @property
    def seconds(self) -> float:
        """Wall time since the first sample was admitted, until the last one was through."""
        return (time.monotonic() if self.ended is None else self.ended) - self.started

    @property
    def eta_seconds(self) -> float | None:
        """Remaining wall time at the pace so far; None before the first sample is finished."""
        if not self.finished or self.stopping:
            return None
        return self.seconds / self.finished * (self.total - self.finished)

    def snapshot(self) -> dict[str, Any]:
        """Return everything in numbers, for a log or another process: plain values, times in seconds."""
        eta = self.eta_seconds
        stages = (("describe", self.describing), ("answer", self.answering))
        return {
            "run": self.name,
            "seconds": round(self.seconds, 1),
            "eta_seconds": None if eta is None else round(eta),
            "stopping": self.stopping,
            "samples": {"total": self.total, "done": self.done, "failed": self.failed, "not_run": self.not_run},
            "right_so_far": round(self.correct / self.scored, 4) if self.scored else None,
            "money": None if self.spending is None else self.spending.as_json(),
            **{name: meter.snapshot() for name, meter in stages if meter is not None},
        }

    def stop(self) -> None:
        """Take note that the run is stopping."""
        self.stopping = True

    def end(self) -> None:
        """Take note that it is over; other runs may go on."""
        self.ended = time.monotonic()

    def uncount_failure(self, reason: str) -> None:
        """Forget a sample that had failed: it was taken up again, and what came of it is counted next."""
        self.failed -= 1
        self.failures -= Counter([reason])  # what falls to zero is dropped

    def count(self, result: SampleResult) -> None:
        """Take note of one finished sample."""
        if result.failure is not None and (result.failure in self.failures or len(self.failures) < MOST_REASONS):
            self.failures[result.failure] += 1
        match result.status:
            case SampleStatus.DONE:
                self.done += 1
            case SampleStatus.FAILED:
                self.failed += 1
            case SampleStatus.NOT_RUN:
                self.not_run += 1
        if result.score is not None and result.score.value is not None:
            self.scored += 1
            self.correct += result.score.value
