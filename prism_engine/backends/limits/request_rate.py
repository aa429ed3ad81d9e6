"""Requests per minute: what an API's limits are by kind, and the throttler that spreads a minute's requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncio_throttle import Throttler

if TYPE_CHECKING:
    from prism_engine.backends.limits.shared_quota import Quantity
    from prism_engine.config import Limits

SLICES = 60
"""A minute's requests are spread over at least this many slices, so that no burst opens the minute."""


def per_minute(limits: Limits) -> dict[Quantity, int]:
    """Return the limits per minute that there are."""
    rates: dict[Quantity, int | None] = {
        "requests": limits.requests_per_minute,
        "tokens": limits.tokens_per_minute,
        "input": limits.input_tokens_per_minute,
        "output": limits.output_tokens_per_minute,
    }
    return {kind: rate for kind, rate in rates.items() if rate is not None}


def throttler(per_minute: int | None, minute: float) -> Throttler | None:
    """Return a throttler that lets `per_minute` pass in any minute and only a slice's share at once.

    A minute holds whole slices of whole requests, so a little of it may be left over: of the shares down to half the
    largest, the one that leaves least is taken. 119 requests are 119 slices, not 60 of one.

    Args:
        minute: its length in seconds.
    """
    if per_minute is None:
        return None
    largest = max(1, per_minute // SLICES)
    share = max(range(largest, largest // 2, -1), key=lambda share: per_minute // share * share)
    period = minute / (per_minute // share)
    # Its questions come at 1/200 of a period, and the last one just after the period's end instead of just before it.
    return Throttler(rate_limit=share, period=period, retry_interval=min(1.0001 * period / 200, 0.05))
