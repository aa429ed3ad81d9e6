"""Run, then judge: what `prism run --judge` does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prism_engine.api.judging.judge_models import preflight
from prism_engine.api.judging.judge_runs import judge_runs
from prism_engine.api.runs.execution import RunStatus, run_many
from prism_engine.api.runs.planning import plan as make_plan
from prism_engine.config.judging import JudgeConfig
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
    """Do `run_many`, then judge the runs that name a judge and were not stopped.

    A judge behind an API is asked for a word first. Models are started anew for judging: what answers may need the
    memory that a judge needs.

    Args:
        ran: told of all runs when they are over, before the first one is judged.

    Raises:
        As `run_many` and `judge_runs`.
    """
    for config in configs:
        if config.judge is None:
            continue
        try:
            preflight(judge_of(config), registry)
        except (ConfigError, DeadError):
            if not _is_cached(config, registry):
                raise
    reports = run_many(configs, registry, watch=watch, ingesting=ingesting, finished=finished)
    if ran is not None:
        ran(reports)
    verdicts: list[JudgeReport] = []
    for place, report in enumerate(reports):
        over = report.status in (RunStatus.COMPLETE, RunStatus.INCOMPLETE)
        if report.config.judge is not None and report.scores is not None and over:
            told = judge_of(report.config)
            verdicts += judge_runs([report.folder], told, registry, watch=watch, finished=judged)
            reports[place] = replace(report, judged=verdicts[-1].scores, judged_draws=verdicts[-1].draws)
            if verdicts[-1].status not in (RunStatus.COMPLETE, RunStatus.INCOMPLETE):
                break
    return reports, verdicts


def _is_cached(config: RunConfig, registry: Registry) -> bool:
    """Whether a run calls nothing; its reviews may be in the cache as well then, and if not, judging says so."""
    plan = make_plan(config, registry)
    stages = [stage for stage in (plan.describing, plan.answering) if stage is not None]
    return not any(stage.to_call or stage.unknown for stage in stages)


def judge_of(config: RunConfig) -> JudgeConfig:
    """Return what a run tells its judge.

    Raises:
        ConfigError: it names none.
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
