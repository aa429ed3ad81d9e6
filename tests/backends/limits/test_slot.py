"""A slot reports the outcome of its request to the limiter; only the first report counts."""

from __future__ import annotations

from prism_engine.backends.limits.expectation import Tokens
from prism_engine.backends.limits.limiter import Limiter
from prism_engine.config import Limits
from tests.virtual_time import run_virtually


def test_the_first_outcome_of_a_request_counts():
    async def play():
        limiter = Limiter(Limits(tokens_per_minute=1000))
        async with limiter.slot(Tokens(60, 40)) as slot:
            slot.record_success(Tokens(50, 10))
            slot.record_rate_limit(None)
            slot.record_success(Tokens(60, 40))
        return limiter.load.limits["tokens_per_minute"]

    assert run_virtually(play()) == (60, 1000)
