"""Money as whole nano-dollars (1e-9 US dollars): read, rounded in the safe direction, and shown."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

NANO = 10**9
"""Nano-dollars in a dollar."""


def cap_of(dollars: Decimal) -> int:
    """Return a limit in nano-dollars; a fraction of one is not allowed to be spent."""
    return int((dollars * NANO).to_integral_value(ROUND_FLOOR))


def rate_of(dollars: Decimal) -> int:
    """Return a price in nano-dollars; a fraction of one counts as a whole one."""
    return int((dollars * NANO).to_integral_value(ROUND_CEILING))


def exact(nano: int) -> str:
    """Return dollars to the last digit, such as `0.982345678`."""
    return f"{Decimal(nano) / NANO:.9f}"


def shown(nano: int) -> str:
    """Return dollars for people: cents, and two digits that count where cents would say nothing."""
    dollars = nano / NANO
    if nano == 0 or dollars >= 0.1:
        return f"${dollars:,.2f}"
    digits = next((place for place in range(2, 10) if round(dollars, place - 1) > 0), 9)
    return f"${dollars:.{digits}f}"
