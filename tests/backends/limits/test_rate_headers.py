from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from prism_engine.backends.limits.rate_headers import Allowance, read_allowances

NOW = 1_795_000_000.0
NAMES = [
    f"{prefix}{name}"
    for prefix in ("x-ratelimit-", "ratelimit-", "anthropic-ratelimit-", "X-RateLimit-")
    for name in ("limit", "remaining", "reset-requests", "remaining-requests", "tokens-remaining", "limit-tokens-day")
]


def test_openai():
    headers = {
        "x-ratelimit-limit-requests": "600",
        "x-ratelimit-remaining-requests": "599",
        "x-ratelimit-reset-requests": "120ms",
        "X-RateLimit-Limit-Tokens": "60000",
        "X-RateLimit-Remaining-Tokens": "59000",
        "X-RateLimit-Reset-Tokens": "1s",
        "content-type": "application/json",
    }
    assert read_allowances(headers, NOW) == [
        Allowance("requests", "", 600, 599, 0.12, continuous=True),
        Allowance("tokens", "", 60_000, 59_000, 1, continuous=True),
    ]


def test_anthropic():
    at = datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=7)
    headers = {
        "anthropic-ratelimit-input-tokens-limit": "40000",
        "anthropic-ratelimit-input-tokens-remaining": "39000",
        "anthropic-ratelimit-input-tokens-reset": at.isoformat().replace("+00:00", "Z"),
        "anthropic-ratelimit-output-tokens-remaining": "8000",
    }
    assert read_allowances(headers, NOW) == [
        Allowance("input-tokens", "", 40_000, 39_000, 7, continuous=True),
        Allowance("output-tokens", "", None, 8000, None),
    ]


def test_others():
    headers = {"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "0", "ratelimit-reset": "30"}
    assert read_allowances(headers, NOW) == [Allowance("requests", "", 100, 0, 30)]
    headers = {"x-ratelimit-remaining-tokens-minute": "5", "x-ratelimit-remaining-requests-day": "7"}
    assert read_allowances(headers, NOW) == [
        Allowance("tokens", "minute", None, 5, None),
        Allowance("requests", "day", None, 7, None),
    ]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(NAMES), st.text(max_size=40) | st.from_regex(r"[0-9hmsT:Z.+-]{0,30}", fullmatch=True)
    )
)
@example({"x-ratelimit-reset-requests": "9" * 5000, "x-ratelimit-remaining-requests": "1"})
@example({"ratelimit-remaining": "1", "ratelimit-reset": "0001-01-01T00:00:00+23:59"})
@example({"ratelimit-remaining": "1", "ratelimit-reset": "Mon, 99 Jan 99999 99:99:99 GMT"})
def test_no_header_does_any_harm(headers):
    for allowance in read_allowances(headers, NOW):
        for value in (allowance.limit, allowance.remaining, allowance.reset):
            assert value is None or (math.isfinite(value) and value >= 0)
