"""Retries of transient errors, with exponential backoff and full jitter, up to a number of attempts."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from prism_engine.errors import TimedOutError, TransientError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState

T = TypeVar("T")

BASE = 1.0
"""Maximum seconds of the first wait; the maximum doubles with each further one."""
CAP = 60.0
"""Maximum seconds of any wait, unless the server asks for more."""
PATIENCE = 900.0
"""Seconds of waiting during which rate-limit errors do not count as attempts, because a quota refills."""
SPREAD = 1.0
"""Seconds over which calls are spread after a wait that the server asked for, so that they do not return at once."""

_log = logging.getLogger(__name__)
_full_jitter = wait_random_exponential(multiplier=BASE, max=CAP)


def backoff(state: RetryCallState) -> float:
    """Return the seconds until the next attempt: full jitter, but never less than the server asked for."""
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
    refused_alone: Callable[[], bool] = lambda: False,
    patience: float = PATIENCE,
) -> T:
    """Call `attempt` with 1, 2, ... until it returns, up to `attempts` times.

    Rate-limit errors and excused failures do not count as attempts; a timeout counts as two, because it takes longest.

    Args:
        attempt: sends the request once.
        attempts: maximum number of attempts that count, at least 1.
        sleep: waits for a number of seconds. It may raise NotRunError to give up: the failed attempts produced nothing,
            so the call counts as not sent, and a later run repeats it.
        excused: called after a failure; whether its cause lies outside the call, such as an outage.
        refused_alone: called after a rate-limit error; whether it concerns this call alone, so that it does count.
        patience: seconds of waiting during which rate-limit errors do not count as attempts; 0 counts them.

    Raises:
        TransientError: the error of the last attempt.
        PrismError: any other error of `attempt` or `sleep`, immediately.
    """
    number = rate_limited = excused_failures = timeouts = 0
    first_error: TransientError | None = None

    async def counted() -> T:
        nonlocal number, rate_limited, excused_failures, timeouts, first_error
        if first_error is not None:
            error, first_error = first_error, None
            raise error
        number += 1
        try:
            return await attempt(number)
        except TransientError as error:
            is_excused = not error.rate_limited and excused()
            rate_limited += error.rate_limited and not refused_alone()
            excused_failures += is_excused
            timeouts += isinstance(error, TimedOutError) and not is_excused
            raise

    def exhausted(state: RetryCallState) -> bool:
        out_of_patience = 0 < patience < state.idle_for and rate_limited > 0
        counting = number + timeouts - excused_failures - (rate_limited if patience else 0)
        return out_of_patience or counting >= attempts

    try:
        return await counted()  # fast path: nearly all calls succeed at once
    except TransientError as error:
        first_error = error
    return await AsyncRetrying(
        sleep=sleep,
        stop=exhausted,
        wait=backoff,
        retry=retry_if_exception_type(TransientError),
        before_sleep=_log_retry,
        reraise=True,
    )(counted)


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    _log.info("attempt %d failed, retrying in %.1f s: %s", state.attempt_number, state.upcoming_sleep, error)
