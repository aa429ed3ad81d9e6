from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.backends.limits.expectation import MIN_REPLIES, Demand, Expectation, Tokens


def trained(worst, *uses):
    expectation = Expectation()
    for used in uses:
        expectation.learn(worst, used)
    return expectation


def test_the_worst_case_is_expected_until_enough_replies_are_known():
    worst = Tokens(100, 500)
    for count in range(MIN_REPLIES):
        expectation = trained(worst, *[Tokens(50, 10)] * count)
        assert expectation.demand(worst, "tokens")[:2] == (600, 600)
        assert expectation.demand(worst, "input")[:2] == (100, 100)
        assert expectation.demand(worst, "output")[:2] == (500, 500)


def test_prompts_are_learnt_relative_to_their_estimate_and_replies_for_each_output_limit():
    expectation = trained(Tokens(100, 500), *[Tokens(50, 10)] * MIN_REPLIES)
    assert expectation.demand(Tokens(100, 500), "tokens") == Demand(60, 600)
    assert expectation.demand(Tokens(1000, 500), "input") == Demand(500, 1000)
    assert expectation.demand(Tokens(100, 64), "output") == Demand(64, 64)


def test_an_estimate_that_is_too_low_is_corrected_at_once():
    expectation = trained(Tokens(100, 500), Tokens(250, 10))
    assert expectation.demand(Tokens(100, 500), "input")[:2] == (250, 250)


def test_longer_replies_show_sooner_than_shorter_ones():
    worst = Tokens(0, 100)
    longer = trained(worst, *[Tokens(0, 10)] * 100, *[Tokens(0, 90)] * 8)
    shorter = trained(worst, *[Tokens(0, 90)] * 100, *[Tokens(0, 10)] * 8)
    assert 60 <= longer.demand(worst, "output").expected <= 90
    assert 60 <= shorter.demand(worst, "output").expected <= 90


def test_mean_and_spread_are_those_of_the_replies():
    dice, worst = random.Random(1), Tokens(0, 1000)
    expectation = trained(worst, *(Tokens(0, dice.randint(100, 300)) for _ in range(1000)))
    demand = expectation.demand(worst, "output")
    assert demand.expected == pytest.approx(200, rel=0.3)
    assert demand.variance**0.5 == pytest.approx(58, rel=0.3)


@settings(max_examples=100, deadline=None)
@given(
    st.builds(Tokens, st.integers(0, 10**6), st.integers(1, 10**6)),
    st.lists(st.builds(Tokens, st.integers(0, 10**7), st.integers(0, 10**7)), max_size=80),
    st.sampled_from(["tokens", "input", "output"]),
)
def test_a_demand_is_always_consistent(worst, uses, kind):
    demand = trained(worst, *uses).demand(worst, kind)
    assert 0 <= demand.expected <= demand.worst
    assert demand.worst >= worst.of(kind)
    assert demand.variance >= 0


def test_hidden_reasoning_far_above_the_limit_is_plausible_but_not_any_number():
    assert Tokens(100, 40 * 512).plausible_for(Tokens(100, 512))
    assert not Tokens(100, 10**7).plausible_for(Tokens(100, 512))
