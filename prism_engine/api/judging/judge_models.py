"""A judge's backend: built, paid for, and made sure that it answers before anything depends on it."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, closing
from typing import TYPE_CHECKING

from prism_engine.api.build.payments import payment_for
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
    """Ask a judge behind an API for a word, so that one that does not answer is news before anything else is paid for.

    Raises:
        ConfigError: the judge is not known, or its key is missing.
        DeadError: it does not answer.
    """
    spec = find_judge(config, registry, os.environ)
    identity = identify_model(config.judge, spec, config.cache_dir)
    if spec.backend != "api" or spec.server is not None:  # comes up when it is needed
        return

    async def ask() -> None:
        async with AsyncExitStack() as opened:
            backend, _ = open_judge(config, spec, identity, opened)
            await make_sure_it_answers(backend, identity, config.judge)

    asyncio.run(ask())


async def ready_judge(
    config: JudgeConfig, spec: ModelSpec, identity: ModelIdentity, opened: AsyncExitStack, *, needed: bool
) -> tuple[Backend | None, Spending | None]:
    """Return a judge's backend, which closes with `opened`, and what counts its money.

    Args:
        needed: whether a call is sure to be made: the judge must answer then. If not, one whose key is missing is left
            out, and nobody asks for a word.

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
        await make_sure_it_answers(backend, identity, config.judge)
    return backend, spending


def open_judge(
    config: JudgeConfig, spec: ModelSpec, identity: ModelIdentity, opened: AsyncExitStack
) -> tuple[Backend, Spending]:
    """Build a judge's backend, which closes with `opened`, and what counts its money.

    Raises:
        ConfigError: its key is missing, or there is a cap and no price.
        StoreError: the ledger cannot be opened.
    """
    controllers: list[BudgetController] = []

    def open_controller(path: Path, cap: int | None) -> BudgetController:
        controllers.append(opened.enter_context(closing(BudgetController(path, cap))))
        return controllers[-1]

    paying = payment_for(config.judge, spec, config.results_dir, config.max_cost, open_controller)
    backend = build_backend(config.judge, pinned(spec, identity), config.cache_dir, paying.budget)
    opened.push_async_callback(backend.aclose)
    return backend, Spending(controllers[0] if controllers else None, [config.judge] if paying.unpriced else [])


async def make_sure_it_answers(backend: Backend, identity: ModelIdentity, judge: str) -> None:
    """Make sure that the judge answers, past the cache.

    Raises:
        DeadError: it does not.
    """
    try:
        await backend.generate(Call("judge", identity, _PING, Sampling(max_tokens=16)))
    except (TransientError, RejectedError, DeadError) as error:
        raise DeadError(f"the judge {judge!r} does not answer: {error}") from error
