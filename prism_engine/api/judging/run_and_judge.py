"""Runs and then judges the results: `prism run --judge` from Python."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from prism_engine.api.judging.judge_models import preflight
from prism_engine.api.judging.judge_runs import judge_runs
from prism_engine.api.results.run_status import RunStatus
from prism_engine.api.runs.execution import run_many
from prism_engine.api.runs.planning import plan as make_plan
from prism_engine.budget import exact
from prism_engine.config.judging import JudgeConfig, find_judge
from prism_engine.errors import ConfigError, DeadError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prism_engine.api.judging.judge_runs import JudgeReport
    from prism_engine.api.runs.execution import ProgressDisplay, RunReport
    from prism_engine.config import Registry, RunConfig
    from prism_engine.datasets import IngestCallback as Ingesting


def run_and_judge(
    configs: Sequence[RunConfig],
    registry: Registry,
    *,
    watch: ProgressDisplay | None = None,
    ingesting: Ingesting | None = None,
    finished: Callable[[RunReport], None] | None = None,
    ran: Callable[[list[RunReport]], None] | None = None,
    judged: Callable[[JudgeReport], None] | None = None,
) -> tuple[list[RunReport], list[JudgeReport]]:
    """Call `run_many`, then judge the runs that name a judge and were not stopped.

    A judge behind an API gets a test request first. A judge on this machine is started only after the runs, because
    their models may need the same memory.

    Args:
        ran: called with the reports of all runs when they end, before the first one is judged.

    Raises:
        As `run_many` and `judge_runs`.
    """
    for config in configs:
        if config.judge is None:
            continue
        find_judge(judge_of(config), registry, os.environ)
        try:
            preflight(judge_of(config), registry)
        except (ConfigError, DeadError):
            if not _is_cached(config, registry):
                raise
    reports = run_many(configs, registry, watch=watch, ingesting=ingesting, finished=finished)
    if ran is not None:
        ran(reports)
    verdicts: list[JudgeReport] = []
    for index, report in enumerate(reports):
        ended = report.status in (RunStatus.COMPLETE, RunStatus.INCOMPLETE)
        if report.config.judge is not None and report.scores is not None and ended:
            verdicts += judge_runs([report.folder], _judge_after(report), registry, watch=watch, finished=judged)
            verdict = verdicts[-1]
            reports[index] = replace(
                report, judged=verdict.scores, judged_draws=verdict.draws, judged_bias=verdict.bias
            )
            if verdict.status not in (RunStatus.COMPLETE, RunStatus.INCOMPLETE):
                break
    return reports, verdicts


def _is_cached(config: RunConfig, registry: Registry) -> bool:
    """Whether a run makes no calls; its reviews may then be cached too, and if not, judging reports it."""
    return make_plan(config, registry).is_cached


def _judge_after(report: RunReport) -> JudgeConfig:
    """Return the configuration of a run's judge under the cap that the run ended with (`prism ctl` may change it)."""
    judge, spending = judge_of(report.config), report.progress.spending
    if spending is None or spending.cap is None:
        return judge
    return judge.model_copy(update={"max_cost": Decimal(exact(spending.cap))})


def judge_of(config: RunConfig) -> JudgeConfig:
    """Return the configuration of a run's judge.

    Raises:
        ConfigError: the run names no judge.
    """
    if config.judge is None:
        raise ConfigError("the run names no judge: give --judge, or `judge:` in its run file")
    return JudgeConfig(
        judge=config.judge,
        max_cost=config.max_cost,
        cache_dir=config.cache_dir,
        results_dir=config.results_dir,
        models=config.models,
    )
