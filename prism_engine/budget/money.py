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
    """Format an amount as dollars for people: to cents; below a dollar to three digits, below a cent to two.

    So a cost, a cap and what is left of it never look alike unless they are.
    """
    dollars = Decimal(nano) / NANO
    if nano == 0 or abs(nano) >= NANO:
        return f"${dollars:,.2f}"
    digits = min(9, (3 if abs(nano) >= NANO // 100 else 2) - 1 - dollars.adjusted())
    whole, _, fraction = f"{dollars:.{digits}f}".partition(".")
    return f"${whole}.{fraction.rstrip('0').ljust(2, '0')}"
