"""Requests per minute: what is configured, and the throttler that spreads them over the minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncio_throttle import Throttler

if TYPE_CHECKING:
    from prism_engine.backends.limits.shared_quota import Quantity
    from prism_engine.config import Limits

SLICES = 60
"""A minute's requests are spread over at least this many slices, so that no minute starts with a burst."""
_CANDIDATES = 10_000
"""Slice sizes that are compared; with more of them, the limit is so high that their difference is none."""


def per_minute(limits: Limits) -> dict[Quantity, int]:
    """Return the per-minute limits that are configured."""
    rates: dict[Quantity, int | None] = {
        "requests": limits.requests_per_minute,
        "tokens": limits.tokens_per_minute,
        "input": limits.input_tokens_per_minute,
        "output": limits.output_tokens_per_minute,
    }
    return {kind: rate for kind, rate in rates.items() if rate is not None}


def throttler(per_minute: int | None, minute: float) -> Throttler | None:
    """Return a throttler that admits `per_minute` requests in any minute, and only one slice's worth of them at once.

    A minute consists of whole slices of whole requests, so part of the limit may remain unused. Of all slice sizes from
    the largest down to half of it, the one that wastes least is used: 119 requests become 119 slices of one request,
    not 60.

    Args:
        minute: its length in seconds.
    """
    if per_minute is None:
        return None
    largest = max(1, per_minute // SLICES)
    share = max(
        range(largest, max(largest // 2, largest - _CANDIDATES), -1), key=lambda share: per_minute // share * share
    )
    period = minute / (per_minute // share)
    # It polls 200 times per period. The small excess puts the last poll just after the end of the period, not before.
    return Throttler(rate_limit=share, period=period, retry_interval=min(1.0001 * period / 200, 0.05))
