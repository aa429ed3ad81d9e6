"""`run`, `run_many`, `arun`, `arun_many` and `plan`, with options by keyword."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from prism_engine.api.judging.run_and_judge import run_and_judge
from prism_engine.api.public.keywords import one_run, registry_or_default, sweep
from prism_engine.api.runs.async_run import run_in_thread
from prism_engine.api.runs.planning import plan_many

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.api.runs.execution import ProgressDisplay, RunReport
    from prism_engine.api.runs.planning import PlannedRun
    from prism_engine.config import Registry, RunConfig
    from prism_engine.config.run_config import RunOptions, SweepOptions


def run(
    config: RunConfig | None = None,
    /,
    *,
    registry: Registry | None = None,
    watch: ProgressDisplay | None = None,
    **options: Unpack[RunOptions],
) -> RunReport:
    """Run to the end, or until stopped, write the results, and judge them if the run names a judge: `prism run`.

    The first SIGINT or SIGTERM (in a notebook: interrupting the kernel) lets calls in flight finish and returns a
    report with status `interrupted`; the same run resumes. A second one stops at once. In a thread whose event loop is
    running, the run gets a thread of its own and the caller's loop is blocked; `arun` leaves it free.

    Example: `run(benchmark="MMStar", perceiver="qwen2.5-vl-7b", reasoner="gpt-4o-mini", samples=50)`.

    Args:
        config: the run; None makes it from the options.
        registry: all models by name; None takes those that ship with prism.
        watch: shows progress.
        options: the fields of `RunConfig`, by name; they replace those of `config`.

    Raises:
        UserError: a configuration does not work; nothing was called.
        DeadError: the judge does not answer; nothing else was called.
        StoreError: the cache or the results cannot be opened or written.
        KeyboardInterrupt: stopped at once; finished calls are in the cache, and no results are written.
    """
    return _run_all([one_run(config, options)], registry, watch)[0]


def run_many(
    configs: Iterable[RunConfig] | None = None,
    /,
    *,
    registry: Registry | None = None,
    watch: ProgressDisplay | None = None,
    **options: Unpack[SweepOptions],
) -> list[RunReport]:
    """Like `run`, for multiple runs that share their calls and engines.

    Example: `run_many(benchmark="MMStar", perceiver="qwen2.5-vl-7b", reasoner=["gpt-4o-mini", "deepseek-chat"])`.

    Args:
        configs: the runs; None makes them from the options.
        registry: as `run`.
        watch: shows the progress of all runs.
        options: as `run`; without `configs`, a list of benchmarks, perceivers, reasoners, instructions, modes or
            tables of descriptions makes a run for every combination.

    Raises:
        UserError, DeadError, StoreError, KeyboardInterrupt: as `run`.
    """
    return _run_all(sweep(configs, options), registry, watch)


async def arun(
    config: RunConfig | None = None,
    /,
    *,
    registry: Registry | None = None,
    watch: ProgressDisplay | None = None,
    **options: Unpack[RunOptions],
) -> RunReport:
    """Like `run`, without blocking the caller's event loop.

    Cancelling it stops the run at once: finished calls are in the cache, and no results are written. Signals are left
    to the caller.

    Raises:
        UserError, DeadError, StoreError: as `run`.
    """
    return (await _arun_all([one_run(config, options)], registry, watch))[0]


async def arun_many(
    configs: Iterable[RunConfig] | None = None,
    /,
    *,
    registry: Registry | None = None,
    watch: ProgressDisplay | None = None,
    **options: Unpack[SweepOptions],
) -> list[RunReport]:
    """Like `run_many`, without blocking the caller's event loop; see `arun`."""
    return await _arun_all(sweep(configs, options), registry, watch)


def plan(
    config: RunConfig | None = None, /, *, registry: Registry | None = None, **options: Unpack[RunOptions]
) -> PlannedRun:
    """Return which calls of a run are cached, which remain, and their forecast usage and cost. Calls no model.

    Args:
        config: as `run`.
        registry: as `run`.
        options: as `run`.

    Raises:
        UserError, StoreError: as `run`.
    """
    return plan_many([one_run(config, options, instead="plan them one at a time")], registry_or_default(registry))[0]


def _run_all(configs: list[RunConfig], registry: Registry | None, watch: ProgressDisplay | None) -> list[RunReport]:
    return run_and_judge(configs, registry_or_default(registry), watch=watch)[0]


async def _arun_all(
    configs: list[RunConfig], registry: Registry | None, watch: ProgressDisplay | None
) -> list[RunReport]:
    return await run_in_thread(lambda display: _run_all(configs, registry, display), watch)
