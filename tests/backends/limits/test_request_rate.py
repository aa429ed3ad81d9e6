"""The rates of the configured limits; `test_limiter.py` shows that they are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.backends.limits.request_rate import SLICES, per_minute, throttler
from prism_engine.config import Limits


def test_only_configured_limits_have_a_rate():
    assert per_minute(Limits()) == {}
    limits = Limits(requests_per_minute=3, input_tokens_per_minute=7, output_tokens_per_minute=9)
    assert per_minute(limits) == {"requests": 3, "input": 7, "output": 9}


def test_without_a_limit_there_is_nothing_to_throttle():
    assert throttler(None, 60) is None


@pytest.mark.parametrize("limit", [1, 59, 60, 61, 600, 10_000])
def test_a_slice_never_holds_more_than_its_share_of_the_minute(limit):
    made = throttler(limit, 60)
    assert made is not None
    assert made.rate_limit <= max(1, limit / SLICES)
    assert made.rate_limit * (60 / made.period) <= limit + 1e-9


@given(limit=st.integers(min_value=1, max_value=100_000))
def test_all_but_a_hundredth_of_the_minute_is_used(limit):
    made = throttler(limit, 60)
    assert made is not None
    assert 0.99 * limit <= made.rate_limit * (60 / made.period) <= limit + 1e-9
