"""Combined progress of multiple runs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.budget import Spending
    from prism_engine.engine.progress import Progress
    from prism_engine.stages.meter import Meter


class Overview:
    """Progress of all runs of one command; may be read at any moment, like `Progress`.

    Args:
        runs: the progress of each run.
        describing, answering, writing: the combined meters of these stages.
        spending: the combined cost; None if no model has a price.
    """

    def __init__(
        self,
        runs: Sequence[Progress],
        describing: Meter,
        answering: Meter,
        spending: Spending | None = None,
        *,
        writing: Meter | None = None,
    ) -> None:
        self.runs = tuple(runs)
        self.describing = describing if any(run.describing for run in runs) else None
        self.answering = answering if any(run.answering for run in runs) else None
        self.writing = writing if any(run.writing for run in runs) else None
        self.spending = spending
        self.stopping = False

    @property
    def name(self) -> str:
        """The number of runs, and how many of them are finished."""
        finished = sum(run.ended is not None for run in self.runs)
        return f"{len(self.runs)} runs, {finished} finished"

    @property
    def total(self) -> int:
        """Samples of all runs."""
        return sum(run.total for run in self.runs)

    @property
    def done(self) -> int:
        """Samples that succeeded."""
        return sum(run.done for run in self.runs)

    @property
    def cached(self) -> int:
        """Samples among those done that needed no call."""
        return sum(run.cached for run in self.runs)

    @property
    def failed(self) -> int:
        """Samples that failed."""
        return sum(run.failed for run in self.runs)

    @property
    def not_run(self) -> int:
        """Samples that were not run."""
        return sum(run.not_run for run in self.runs)

    @property
    def finished(self) -> int:
        """Samples with a final status."""
        return self.done + self.failed + self.not_run

    @property
    def scored(self) -> int:
        """Replies that were compared with a target."""
        return sum(run.scored for run in self.runs)

    @property
    def correct(self) -> float:
        """Sum of their scores."""
        return sum(run.correct for run in self.runs)

    @property
    def failures(self) -> Counter[str]:
        """Reasons why samples failed or were not run, with counts."""
        return sum((run.failures for run in self.runs), Counter[str]())

    @property
    def seconds(self) -> float:
        """Wall time of the longest run so far."""
        return max(run.seconds for run in self.runs)

    @property
    def eta_seconds(self) -> float | None:
        """Remaining seconds at the pace of samples that needed calls; None until the first of these has finished."""
        worked = sum(run.worked for run in self.runs)
        if not worked or self.stopping:
            return None
        return self.seconds / worked * (self.total - self.finished)

    def snapshot(self) -> dict[str, Any]:
        """Return all numbers for a log: the totals, and each run's sample counts."""
        eta = self.eta_seconds
        stages = (("write", self.writing), ("describe", self.describing), ("answer", self.answering))
        counts = {"total": self.total, "done": self.done, "cached": self.cached}
        counts |= {"failed": self.failed, "not_run": self.not_run}
        return {
            "run": self.name,
            "seconds": round(self.seconds, 1),
            "eta_seconds": None if eta is None else round(eta),
            "stopping": self.stopping,
            "samples": counts,
            "right_so_far": round(self.correct / self.scored, 4) if self.scored else None,
            "money": None if self.spending is None else self.spending.as_json(),
            **{name: meter.snapshot() for name, meter in stages if meter is not None},
            "runs": {run.name: f"{run.finished}/{run.total}" for run in self.runs},
        }

    def stop(self) -> None:
        """Record that the runs are stopping."""
        self.stopping = True
