"""When a call is sent again: transient errors only, with growing random waits, at most so many times."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from prism_engine.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState

T = TypeVar("T")

BASE = 1.0
"""Seconds that the first wait takes at most; each further one may take twice as long."""
CAP = 60.0
"""Seconds that no wait of our own choosing exceeds."""
PATIENCE = 900.0
"""Seconds of waiting during which refusals for the rate limit do not count as attempts: a quota comes back."""
SPREAD = 1.0
"""Seconds over which calls come back after the time that the server named, lest they all come at once."""

_log = logging.getLogger(__name__)
_full_jitter = wait_random_exponential(multiplier=BASE, max=CAP)


def backoff(state: RetryCallState) -> float:
    """Return the seconds to wait before the next attempt: full jitter, but never less than the server asked for."""
    wait = _full_jitter(state)
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, TransientError) and error.retry_after is not None:
        wait = max(wait, error.retry_after + random.uniform(0, SPREAD))  # noqa: S311 - not a secret
    return wait


async def retried(
    attempt: Callable[[int], Awaitable[T]],
    *,
    attempts: int,
    sleep: Callable[[float], Awaitable[None]],
    excused: Callable[[], bool] = lambda: False,
) -> T:
    """Call `attempt` with 1, 2, ... until it returns, at most `attempts` times beside those that do not count.

    Those are refusals for the rate limit, and failures that have an excuse.

    Args:
        attempt: sends the request once.
        attempts: requests sent at most, at least 1.
        sleep: waits so many seconds. It may raise NotRunError to give up: nothing was gained by the failed attempts,
            so the call counts as not sent, and a later run takes it up.
        excused: says after a failure whether it was none of the call's own, such as during an outage.

    Raises:
        TransientError: of the last attempt.
        PrismError: anything else that `attempt` or `sleep` raises, at once.
    """
    number = refused = forgiven = 0
    first: TransientError | None = None

    async def counted() -> T:
        nonlocal number, refused, forgiven, first
        if first is not None:
            error, first = first, None
            raise error
        number += 1
        try:
            return await attempt(number)
        except TransientError as error:
            refused += error.rate_limited
            forgiven += not error.rate_limited and excused()
            raise

    def exhausted(state: RetryCallState) -> bool:
        impatient = refused > 0 and state.idle_for > PATIENCE
        return impatient or number - refused - forgiven >= attempts

    try:
        return await counted()  # nearly all calls succeed at once, and need none of what follows
    except TransientError as error:
        first = error
    return await AsyncRetrying(
        sleep=sleep,
        stop=exhausted,
        wait=backoff,
        retry=retry_if_exception_type(TransientError),
        before_sleep=_tell,
        reraise=True,
    )(counted)


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    _log.info("attempt %d failed, next in %.1f s: %s", state.attempt_number, state.upcoming_sleep, error)
