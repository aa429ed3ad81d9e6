"""Amounts in whole nano-dollars (1e-9 US dollars): conversion, safe rounding, and formatting."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

NANO = 10**9
"""Nano-dollars in a dollar."""


def cap_of(dollars: Decimal) -> int:
    """Return a limit in nano-dollars, rounded down."""
    return int((dollars * NANO).to_integral_value(ROUND_FLOOR))


def rate_of(dollars: Decimal) -> int:
    """Return a price in nano-dollars, rounded up."""
    return int((dollars * NANO).to_integral_value(ROUND_CEILING))


def exact(nano: int) -> str:
    """Format an amount as exact dollars, such as `0.982345678`."""
    return f"{Decimal(nano) / NANO:.9f}"


def shown(nano: int) -> str:
    """Format an amount as dollars for people: to cents, or to two significant digits below ten cents."""
    dollars = nano / NANO
    if nano == 0 or dollars >= 0.1:
        return f"${dollars:,.2f}"
    digits = next((count for count in range(2, 10) if dollars * 10 ** (count - 1) >= 0.95), 9)
    return f"${dollars:.{digits}f}"
