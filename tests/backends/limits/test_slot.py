"""A slot tells its limiter, once."""

from __future__ import annotations

from prism_engine.backends.limits.expectation import Tokens
from prism_engine.backends.limits.limiter import Limiter
from prism_engine.config import Limits
from tests.virtual_time import run_virtually


def test_what_is_said_first_of_a_request_counts():
    async def play():
        limiter = Limiter(Limits(tokens_per_minute=1000))
        async with limiter.slot(Tokens(60, 40)) as slot:
            slot.answered(Tokens(50, 10))
            slot.refused()
            slot.answered(Tokens(60, 40))
        return limiter.load.limits["tokens_per_minute"]

    assert run_virtually(play()) == (60, 1000)
