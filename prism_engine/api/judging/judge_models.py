"""Builds a judge's backend, attaches its budget, and checks that it responds before anything relies on it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prism_engine.api.build.payments import payment_for
from prism_engine.api.build.resolve import resolve_model
from prism_engine.api.build.workbench import Workbench
from prism_engine.api.runs.loops import run_blocking
from prism_engine.backends.factory import pinned
from prism_engine.budget import Spending
from prism_engine.config.judging import find_judge
from prism_engine.errors import ConfigError, DeadError, RejectedError, TransientError
from prism_engine.records import Call, Message, Sampling

if TYPE_CHECKING:
    from prism_engine.api.build.resolve import ResolvedModel
    from prism_engine.backends.base import Backend
    from prism_engine.config import Registry
    from prism_engine.config.judging import JudgeConfig

_PING = (Message("user", ("Reply with the word OK.",)),)


def resolve_judge(config: JudgeConfig, registry: Registry) -> ResolvedModel:
    """Return the judge that a configuration names, with the settings of the environment.

    Raises:
        ConfigError: as `find_judge` and `resolve_model`.
    """
    return resolve_model(config.judge, find_judge(config, registry, os.environ), config.cache_dir)


def preflight(config: JudgeConfig, registry: Registry) -> None:
    """Send a test request to a judge behind an API, so that a dead judge is reported before anything is paid for.

    Raises:
        ConfigError: the judge is unknown or its key is missing.
        DeadError: it does not answer.
    """
    judge = resolve_judge(config, registry)
    if not judge.spec.is_paid:  # nothing to lose, and what runs locally starts only when needed
        return

    async def check() -> None:
        with Workbench() as bench:
            try:
                backend, _ = open_judge(config, judge, bench)
                await check_it_answers(backend, judge)
            finally:
                await bench.close_backends()

    run_blocking(check())


async def ready_judge(
    config: JudgeConfig, judge: ResolvedModel, bench: Workbench, *, needed: bool
) -> tuple[Backend | None, Spending | None]:
    """Return a judge's backend, which the workbench owns, and the counter of its cost.

    Args:
        needed: whether a call is certain to be made. If so, the judge must answer a test request; if not, no request
            is sent and a missing key only leaves the backend out.

    Raises:
        ConfigError, StoreError: as `open_judge`.
        DeadError: it does not answer.
    """
    try:
        backend, spending = open_judge(config, judge, bench)
    except ConfigError:
        if needed:
            raise
        return None, None
    if needed:
        await check_it_answers(backend, judge)
    return backend, spending


def open_judge(config: JudgeConfig, judge: ResolvedModel, bench: Workbench) -> tuple[Backend, Spending]:
    """Build a judge's backend, which the workbench owns, and the counter of its cost.

    Raises:
        ConfigError: its key is missing, or there is a cost cap but no price.
        StoreError: the ledger cannot be opened.
    """
    payment = payment_for(judge, config.results_dir, config.max_cost, bench.controller)
    backend = bench.lend(judge.name, pinned(judge.spec, judge.identity), config.cache_dir, payment.budget)
    controller = payment.budget.controller if payment.budget is not None else None
    return backend, Spending(controller, [judge.name] if payment.unpriced else [])


async def check_it_answers(backend: Backend, judge: ResolvedModel) -> None:
    """Check that the judge answers a request, bypassing the cache.

    Raises:
        DeadError: it does not.
    """
    try:
        await backend.generate(Call("judge", judge.identity, _PING, Sampling(max_tokens=16)))
    except (TransientError, RejectedError, DeadError) as error:
        raise DeadError(f"the judge {judge.name!r} does not answer: {error}") from error
