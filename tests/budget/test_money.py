from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.budget.money import NANO, cap_of, exact, rate_of, shown


def test_a_cap_is_rounded_down_and_a_price_up():
    assert cap_of(Decimal("1.0000000019")) == NANO + 1
    assert rate_of(Decimal("0.0000000001")) == 1
    assert cap_of(Decimal("5.00")) == rate_of(Decimal(5)) == 5 * NANO


@given(st.integers(0, 10**18))
def test_exact_dollars_lose_no_digit(nano):
    assert cap_of(Decimal(exact(nano))) == nano


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "$0.00"),
        (NANO, "$1.00"),
        (1234 * NANO, "$1,234.00"),
        (NANO // 10, "$0.10"),
        (12_345_678, "$0.012"),
        (350_000, "$0.00035"),
        (1, "$0.000000001"),
    ],
)
def test_small_amounts_keep_two_significant_digits(nano, text):
    assert shown(nano) == text
