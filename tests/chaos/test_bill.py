from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.chaos.bill import Bill, Prices

PRICES = st.decimals(0, 1000, places=9)
TOKENS = st.integers(0, 10**7)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(PRICES, PRICES, TOKENS, TOKENS), max_size=12))
def test_the_sum_is_exact_to_the_last_digit(calls):
    bill, exact = Bill(), Fraction(0)
    for number, (price_in, price_out, prompt, completion) in enumerate(calls):
        bill.charge(str(number), prompt, completion, Prices(price_in, price_out))
        exact += Fraction(price_in) * prompt / 10**6 + Fraction(price_out) * completion / 10**6
    assert Fraction(bill.dollars) == exact
    assert 0 <= bill.nano_dollars - exact * 10**9 < 1
    assert Fraction(bill.as_json()["dollars"]) == exact


def test_a_call_paid_again_is_found():
    bill = Bill()
    for digest in ("a", "b", "a", "a"):
        bill.charge(digest, 10, 5, Prices(Decimal("0.15"), Decimal("0.6")))
    assert bill.requests == {"a": 3, "b": 1}
    assert bill.paid_again == 2
    assert (bill.calls, bill.prompt_tokens, bill.completion_tokens) == (4, 40, 20)
    assert bill.nano_dollars == 4 * (10 * 150 + 5 * 600)
    assert str(bill.dollars.normalize()) == "0.000018"


@pytest.mark.parametrize("price", ["-1", "NaN", "Infinity", "0.0000000001"])
def test_an_invalid_price_is_refused(price):
    with pytest.raises(ValueError, match="not a price per million tokens"):
        Prices(Decimal(price))
