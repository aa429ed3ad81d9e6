"""Builds a judge's backend, attaches its budget, and checks that it responds before anything relies on it."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack, closing
from typing import TYPE_CHECKING

from prism_engine.api.build.payments import payment_for
from prism_engine.api.runs.loops import run_blocking
from prism_engine.backends.factory import build_backend, identify_model, pinned
from prism_engine.budget import BudgetController, Spending
from prism_engine.config.judging import find_judge
from prism_engine.errors import ConfigError, DeadError, RejectedError, TransientError
from prism_engine.records import Call, Message, Sampling

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.backends.base import Backend
    from prism_engine.config import ModelSpec, Registry
    from prism_engine.config.judging import JudgeConfig
    from prism_engine.records import ModelIdentity

_PING = (Message("user", ("Reply with the word OK.",)),)


def preflight(config: JudgeConfig, registry: Registry) -> None:
    """Send a test request to a judge behind an API, so that a dead judge is reported before anything is paid for.

    Raises:
        ConfigError: the judge is unknown or its key is missing.
        DeadError: it does not answer.
    """
    spec = find_judge(config, registry, os.environ)
    identity = identify_model(config.judge, spec, config.cache_dir)
    if spec.backend != "api" or spec.server is not None:  # started only when needed
        return

    async def check() -> None:
        async with AsyncExitStack() as opened:
            backend, _ = open_judge(config, spec, identity, opened)
            await check_it_answers(backend, identity, config.judge)

    run_blocking(check())


async def ready_judge(
    config: JudgeConfig, spec: ModelSpec, identity: ModelIdentity, opened: AsyncExitStack, *, needed: bool
) -> tuple[Backend | None, Spending | None]:
    """Return a judge's backend, which closes with `opened`, and the counter of its cost.

    Args:
        needed: whether a call is certain to be made. If so, the judge must answer a test request; if not, no request
            is sent and a missing key only leaves the backend out.

    Raises:
        ConfigError, StoreError: as `open_judge`.
        DeadError: it does not answer.
    """
    try:
        backend, spending = open_judge(config, spec, identity, opened)
    except ConfigError:
        if needed:
            raise
        return None, None
    if needed:
        await check_it_answers(backend, identity, config.judge)
    return backend, spending


def open_judge(
    config: JudgeConfig, spec: ModelSpec, identity: ModelIdentity, opened: AsyncExitStack
) -> tuple[Backend, Spending]:
    """Build a judge's backend, which closes with `opened`, and the counter of its cost.

    Raises:
        ConfigError: its key is missing, or there is a cost cap but no price.
        StoreError: the ledger cannot be opened.
    """
    controllers: list[BudgetController] = []

    def open_controller(path: Path, cap: int | None) -> BudgetController:
        controllers.append(opened.enter_context(closing(BudgetController(path, cap))))
        return controllers[-1]

    payment = payment_for(config.judge, spec, config.results_dir, config.max_cost, open_controller)
    backend = build_backend(config.judge, pinned(spec, identity), config.cache_dir, payment.budget)
    opened.push_async_callback(backend.aclose)
    return backend, Spending(controllers[0] if controllers else None, [config.judge] if payment.unpriced else [])


async def check_it_answers(backend: Backend, identity: ModelIdentity, judge: str) -> None:
    """Check that the judge answers a request, bypassing the cache.

    Raises:
        DeadError: it does not.
    """
    try:
        await backend.generate(Call("judge", identity, _PING, Sampling(max_tokens=16)))
    except (TransientError, RejectedError, DeadError) as error:
        raise DeadError(f"the judge {judge!r} does not answer: {error}") from error
