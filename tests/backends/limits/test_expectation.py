from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.backends.limits.expectation import FEW, Expectation, Share, Tokens


def taught(worst, *uses):
    expectation = Expectation()
    for used in uses:
        expectation.learn(worst, used)
    return expectation


def test_the_worst_case_is_expected_until_something_is_known():
    worst = Tokens(100, 500)
    for count in range(FEW):
        expectation = taught(worst, *[Tokens(50, 10)] * count)
        assert expectation.share(worst, "tokens")[:2] == (600, 600)
        assert expectation.share(worst, "input")[:2] == (100, 100)
        assert expectation.share(worst, "output")[:2] == (500, 500)


def test_prompts_are_learnt_relative_to_their_estimate_and_replies_for_each_output_limit():
    expectation = taught(Tokens(100, 500), *[Tokens(50, 10)] * FEW)
    assert expectation.share(Tokens(100, 500), "tokens") == Share(60, 600)
    assert expectation.share(Tokens(1000, 500), "input") == Share(500, 1000)
    assert expectation.share(Tokens(100, 64), "output") == Share(64, 64)


def test_an_estimate_that_is_too_low_is_corrected_at_once():
    expectation = taught(Tokens(100, 500), Tokens(250, 10))
    assert expectation.share(Tokens(100, 500), "input")[:2] == (250, 250)


def test_longer_replies_show_sooner_than_shorter_ones():
    worst = Tokens(0, 100)
    longer = taught(worst, *[Tokens(0, 10)] * 100, *[Tokens(0, 90)] * 8)
    shorter = taught(worst, *[Tokens(0, 90)] * 100, *[Tokens(0, 10)] * 8)
    assert 60 <= longer.share(worst, "output").expected <= 90
    assert 60 <= shorter.share(worst, "output").expected <= 90


def test_mean_and_spread_are_those_of_the_replies():
    dice, worst = random.Random(1), Tokens(0, 1000)
    expectation = taught(worst, *(Tokens(0, dice.randint(100, 300)) for _ in range(1000)))
    share = expectation.share(worst, "output")
    assert share.expected == pytest.approx(200, rel=0.3)
    assert share.variance**0.5 == pytest.approx(58, rel=0.3)


@settings(max_examples=100, deadline=None)
@given(
    st.builds(Tokens, st.integers(0, 10**6), st.integers(1, 10**6)),
    st.lists(st.builds(Tokens, st.integers(0, 10**7), st.integers(0, 10**7)), max_size=80),
    st.sampled_from(["tokens", "input", "output"]),
)
def test_a_share_is_always_in_order(worst, uses, kind):
    share = taught(worst, *uses).share(worst, kind)
    assert 0 <= share.expected <= share.worst
    assert share.worst >= worst.of(kind)
    assert share.variance >= 0
