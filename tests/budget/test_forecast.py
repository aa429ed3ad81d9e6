from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.budget.forecast import MIN_CALLS, PerCall, PromptVolume, Range, Seen, expect, expected_sum
from prism_engine.budget.prices import price_of
from prism_engine.config import ApiModel, PriceSpec
from prism_engine.records import Usage

PRICE = price_of(
    ApiModel(model="m", base_url="http://x/v1", price=PriceSpec(input=Decimal("0.15"), output=Decimal("0.6")))
)
PER_CALL = PerCall(max_tokens=512, image_tokens=1500)


def earlier_call(length, output=100, *, limit=512, prompt=None):
    return Seen(length, limit, output >= limit, Usage(prompt or length // 4, output))


def demand(*lengths):
    total = PromptVolume()
    for length in lengths:
        total.count(length, 0)
    return total


def test_ranges_add_up():
    assert Range(1, 2, 3) + Range(10, 20, 30) == Range(11, 22, 33)


def test_nothing_to_call_costs_nothing():
    expense = expect(PromptVolume(), [], PER_CALL, PRICE)
    assert expense.cost == Range(0, 0, 0)
    assert expense.prompt_tokens == Range(0, 0, 0)


def test_exact_prompts_and_replies_of_constant_length_are_forecast_almost_exactly():
    earlier = [earlier_call(length) for length in range(400, 800, 20)]
    expense = expect(demand(1000, 2000), earlier, PER_CALL, PRICE)
    assert expense.learnt
    assert expense.prompt_tokens.likely == pytest.approx(750)
    assert expense.completion_tokens.likely == pytest.approx(200)
    assert expense.cost is not None
    assert expense.cost.likely == pytest.approx(750 * 150 + 200 * 600)
    assert expense.cost.high < 1.01 * expense.cost.likely


def test_with_too_few_earlier_calls_the_range_is_what_is_possible():
    expense = expect(demand(4000), [earlier_call(400)] * (MIN_CALLS - 1), PER_CALL, PRICE)
    assert not expense.learnt
    assert expense.prompt_tokens.low < 1000 < expense.prompt_tokens.high
    assert expense.completion_tokens == Range(1, 256.5, 512)
    assert expense.cost is not None
    assert expense.cost.low < expense.cost.likely < expense.cost.high


def test_no_price_is_no_cost():
    assert expect(demand(10), [], PER_CALL, None).cost is None
    assert expect(demand(10), [earlier_call(10, prompt=5)] * 10, PER_CALL, None).cost is None


def test_replies_truncated_at_a_smaller_limit_count_with_the_full_new_limit():
    cut = expect(demand(*[400] * 10), [earlier_call(400, 64, limit=64)] * 20, PER_CALL, PRICE)
    assert cut.completion_tokens.likely == 10 * 512
    longer = expect(demand(*[400] * 10), [earlier_call(400, 400)] * 20, PerCall(100, 0), PRICE)
    assert longer.completion_tokens.likely == 10 * 100


def test_earlier_calls_without_believable_usage_are_ignored():
    useless = [Seen(10, 512, False, usage) for usage in (Usage(), Usage(0, 0), Usage(-1, -1), Usage(10**15, 1))]
    assert not expect(demand(10), useless * 10, PER_CALL, PRICE).learnt


def test_a_sum_is_forecast_from_earlier_values_or_from_what_is_possible():
    assert expected_sum(10, [5.0] * 20, (1, 2, 3)).likely == pytest.approx(50)
    assert expected_sum(10, [5.0], (1, 2, 3)) == Range(10, 20, 30)


@pytest.mark.parametrize("pilot", [20, 60])
@pytest.mark.parametrize("draw", ["even", "long tail", "two kinds"])
def test_the_range_contains_the_actual_cost_at_least_nine_times_in_ten(pilot, draw):
    def reply(chance):
        match draw:
            case "even":
                return chance.randint(5, 500)
            case "long tail":
                return min(512, round(chance.lognormvariate(4, 1)))
        return 512 if chance.random() < 0.15 else chance.randint(3, 9)

    held = 0
    for seed in range(200):
        chance = random.Random(seed)
        calls = []
        for _ in range(pilot + 300):
            length = round(chance.lognormvariate(6, 0.5))
            calls.append(earlier_call(length, reply(chance), prompt=round(length / 4.2 + chance.uniform(0, 30)) + 1))
        made, left = calls[:pilot], calls[pilot:]
        assert PRICE is not None
        actual = sum(PRICE.cost(call.usage) or 0 for call in left)
        expense = expect(demand(*(call.text_bytes for call in left)), made, PER_CALL, PRICE)
        assert expense.cost is not None
        held += expense.cost.low <= actual <= expense.cost.high
    assert held >= 180


@given(
    st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 512)), max_size=30),
    st.lists(st.integers(0, 5000), max_size=20),
)
def test_every_range_is_in_order_and_no_reply_is_longer_than_allowed(earlier, lengths):
    expense = expect(demand(*lengths), [earlier_call(length, output) for length, output in earlier], PER_CALL, PRICE)
    assert expense.cost is not None
    for known in (expense.prompt_tokens, expense.completion_tokens, expense.cost):
        assert 0 <= known.low <= known.likely * 1.001 + 1
        assert known.likely <= known.high * 1.001 + 1
    assert expense.completion_tokens.high <= len(lengths) * 512


def test_hidden_reasoning_is_forecast_by_what_was_used_not_by_the_output_limit():
    earlier = [Seen(400, 512, truncated=False, usage=Usage(100, 20_000)) for _ in range(MIN_CALLS)]
    expense = expect(demand(*[400] * 10), earlier, PER_CALL, PRICE)
    assert expense.completion_tokens.likely == pytest.approx(200_000)
    assert expense.cost is not None
    assert expense.cost.likely == pytest.approx(10 * (100 * 150 + 20_000 * 600), rel=0.01)
