from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.budget.prices import Price, Rate, lasting_price_of, price_of
from prism_engine.config import ApiModel, PriceSpec, ScriptedModel, ServerSpec, VllmModel
from prism_engine.records import Usage

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
OWN = ApiModel(
    model="m",
    base_url="http://127.0.0.1:9/v1",
    price=PriceSpec(
        input=Decimal("0.15"), cached_input=Decimal("0.075"), output=Decimal("0.6"), request=Decimal("0.001")
    ),
)


def known(**fields):
    price = price_of(ApiModel(**fields), NOW)
    assert price is not None
    return price


def test_only_an_api_that_is_not_our_own_server_is_paid():
    assert OWN.is_paid
    assert not ApiModel(model="m", server=ServerSpec(model="org/name")).is_paid
    assert not VllmModel(model="org/name").is_paid
    assert not ScriptedModel().is_paid


def test_the_entrys_own_price_counts_in_nano_dollars_with_cached_tokens_cheaper():
    price = known(**dict(OWN))
    million = 10**6
    assert price.cost(Usage(million, million)) == 150_000_000 + 600_000_000 + 1_000_000
    assert price.cost(Usage(million, 0, cached_tokens=million)) == 75_000_000 + 1_000_000
    assert price.cost(Usage(1, 0)) == 150 + 1_000_000


def test_a_fraction_of_a_nano_dollar_is_rounded_up():
    price = Price(Rate.flat(37_500_000), Rate.flat(37_500_000), Rate.flat(0))
    assert price.cost(Usage(1, 0)) == 38


def test_cached_tokens_cost_the_same_if_no_other_price_is_given():
    spec = PriceSpec(input=Decimal(1), output=Decimal(2))
    price = known(**{**dict(OWN), "price": spec})
    assert price.cost(Usage(1000, 0, cached_tokens=900)) == price.cost(Usage(1000, 0))


def test_listed_prices_are_found_by_address_and_model():
    price = known(model="gpt-4o-mini-2024-07-18")
    assert price.cost(Usage(10**6, 10**6)) == 750_000_000
    assert price.cost(Usage(10**6, 0, cached_tokens=10**6)) == 75_000_000
    assert price.source.startswith("genai-prices ")


def test_an_unknown_address_has_no_price_whatever_the_models_name():
    assert price_of(ApiModel(model="gpt-4o-mini", base_url="http://127.0.0.1:8000/v1"), NOW) is None
    assert price_of(ApiModel(model="no-such-model"), NOW) is None


def test_a_price_that_depends_on_the_hour_counts_at_its_highest():
    price = known(model="deepseek-chat", base_url="https://api.deepseek.com/v1")
    assert price.cost(Usage(10**6, 10**6)) == 1_370_000_000


def test_a_tier_counts_from_its_length_on_and_in_the_worst_case_as_soon_as_it_may():
    price = known(model="gemini-2.5-pro", base_url="https://generativelanguage.googleapis.com/v1beta/openai")
    assert price.cost(Usage(200_000, 0)) == 250_000_000
    assert price.cost(Usage(200_001, 0)) == 2 * 250_000_000 + 2500
    assert price.worst(200_001, 0) == price.cost(Usage(200_001, 0))


def test_a_service_tier_in_the_request_has_its_own_price_and_an_unlisted_expensive_one_none():
    usage = Usage(10**6, 10**6)
    plain = known(model="gpt-4o-2024-11-20").cost(usage)
    expensive = known(model="gpt-4o-2024-11-20", extra_body={"service_tier": "priority"}).cost(usage)
    assert plain is not None
    assert expensive is not None
    assert expensive > plain
    assert known(model="gpt-4o-2024-11-20", extra_body={"service_tier": "flex"}).cost(usage) <= plain
    assert price_of(ApiModel(model="gpt-4o-2024-11-20", extra_body={"service_tier": "platinum"}), NOW) is None


def test_reasoning_outside_the_completion_is_paid_as_output():
    price = known(**dict(OWN))
    included = price.cost(Usage(10, 50, reasoning_tokens=40, total_tokens=60))
    separate = price.cost(Usage(10, 10, reasoning_tokens=40, total_tokens=60))
    assert included == separate == price.cost(Usage(10, 50))


@pytest.mark.parametrize(
    "usage",
    [
        *(Usage(), Usage(10), Usage(None, 10), Usage(0, 0), Usage(-5, -1), Usage(5, -1)),
        *(Usage(2**63, 1), Usage(1, 1, total_tokens=2**63)),
    ],
    ids=repr,
)
def test_incomplete_or_unbelievable_usage_has_no_cost(usage):
    assert known(**dict(OWN)).cost(usage) is None


def test_a_lasting_price_is_the_last_one_listed_whatever_the_day():
    spec = ApiModel(model="o3")  # $10 and $40 at first, $2 and $8 from 2025-06-10 on
    lasting = lasting_price_of(spec)
    assert lasting == price_of(spec, NOW)
    assert lasting != price_of(spec, datetime(2025, 1, 1, tzinfo=UTC))
    assert lasting_price_of(OWN) == price_of(OWN)


rates = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 10**10)), max_size=3).map(
    lambda steps: Rate(((-1, 10**6), *sorted(dict(steps).items())))
)


@given(rates, rates, rates, st.data())
def test_no_usage_within_the_bounds_costs_more_than_the_worst_case(input_, cached, output, data):
    price = Price(input_, cached, output, request=7)
    most, limit = data.draw(st.integers(1, 2000)), data.draw(st.integers(1, 2000))
    prompt = data.draw(st.integers(1, most))
    usage = Usage(prompt, data.draw(st.integers(0, limit)), cached_tokens=data.draw(st.integers(0, prompt)))
    cost = price.cost(usage)
    assert cost is not None
    assert 0 <= cost <= price.worst(most, limit)


def test_counts_whose_cost_fits_nowhere_have_a_claim_but_no_cost_for_a_row():
    price = known(model="m", base_url="http://x/v1", price=PriceSpec(input=Decimal(1), output=Decimal(2)))
    for count in (2**63 - 1, 10**17):
        assert price.cost(Usage(count, 1)) is None
        assert price.claimed(Usage(count, 1)) >= count * 1000
    assert price.claimed(Usage(None, 5)) == price.claimed(Usage(-3, 5)) == 10_000
