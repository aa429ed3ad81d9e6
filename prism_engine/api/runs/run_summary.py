"""Summary of the runs of a command as plain values: for `prism run --json` and for notifications."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from prism_engine.api.results.run_status import RunStatus
from prism_engine.api.runs.sweep_table import SweepRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.api.runs.execution import RunReport

SCHEMA = 1


def run_summary(reports: Sequence[RunReport], exit_code: int) -> dict[str, Any]:
    """Return how runs ended, what they scored and what they cost.

    Accuracies are shares from 0 to 1, times are seconds, and amounts are exact US dollars as text; `cost` is null if
    a part of it is unknown. `accuracy` and `folder` at the top are those of a single run, else null and the folder of
    all results.
    """
    runs = [_facts(report) for report in reports]
    status = _worst([report.status for report in reports])
    single = len(runs) == 1
    accuracy = runs[0]["accuracy"] if single else None
    what = _named(runs[0]) if single else f"{len(runs)} runs"
    title = f"prism: {what}: {status.value}" + ("" if accuracy is None else f", {accuracy:.1%}")
    return {
        "schema": SCHEMA,
        "title": title,
        "text": title,  # the key that chat services show
        "status": status.value,
        "exit_code": exit_code,
        "accuracy": accuracy,
        "cost": _sum([run["cost"] for run in runs]),
        "folder": str(reports[0].folder if single else reports[0].config.results_dir),
        "error": next((str(report.trouble) for report in reports if report.trouble is not None), None),
        "runs": runs,
    }


def error_summary(error: str, exit_code: int) -> dict[str, Any]:
    """Return the summary of runs that an error ended before there was anything to report."""
    title = f"prism: ended with an error: {error}"
    return {
        "schema": SCHEMA,
        "title": title,
        "text": title,
        "status": "error",
        "exit_code": exit_code,
        "accuracy": None,
        "cost": None,
        "folder": None,
        "error": error,
        "runs": [],
    }


def _facts(report: RunReport) -> dict[str, Any]:
    progress = report.progress
    money = None if progress.spending is None else progress.spending.as_json()
    return {
        **asdict(SweepRow.of(report)),
        "name": report.name,
        "folder": str(report.folder),
        "tags": dict(report.config.tags),
        "done": progress.done,
        "cached": progress.cached,
        "seconds": round(progress.seconds, 1),
        "cost": "0.000000000" if money is None else money["this_run"],
        "money": money,
    }


def _named(run: dict[str, Any]) -> str:
    models = " + ".join(run[role] for role in ("perceiver", "reasoner") if run[role])
    return f"{run['benchmark']}, {models}" if models else str(run["benchmark"])


def _worst(statuses: Sequence[RunStatus]) -> RunStatus:
    """Return the status that needs attention most: what stopped the runs, else samples that failed."""
    mild = (RunStatus.NOT_BEGUN, RunStatus.INCOMPLETE, RunStatus.COMPLETE)
    return next((one for one in statuses if one not in mild), next((one for one in mild if one in statuses), mild[-1]))


def _sum(costs: Sequence[str | None]) -> str | None:
    known = [Decimal(cost) for cost in costs if cost is not None]
    return f"{sum(known, Decimal(0)):f}" if len(known) == len(costs) else None
