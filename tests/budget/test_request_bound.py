from __future__ import annotations

from prism_engine.budget.prices import Price, Rate
from prism_engine.budget.request_bound import RequestBound
from prism_engine.config.api_entry import UNKNOWN_IMAGE_TOKENS

PRICE = Price(Rate.flat(150_000_000), Rate.flat(150_000_000), Rate.flat(600_000_000))


def test_it_says_that_image_tokens_are_assumed_and_should_be_set():
    bound = RequestBound.of("gpt", PRICE, 7_900_000, 1, UNKNOWN_IMAGE_TOKENS, 64)
    assert bound.pictures == 7_500_000
    assert "reserves up to $0.0079" in str(bound)
    assert "$0.0075 for pictures, because 50,000 tokens per picture are assumed without `image_tokens`" in str(bound)
    assert bound.advice.startswith("set `image_tokens` of 'gpt'")


def test_without_pictures_only_the_rest_is_said():
    bound = RequestBound.of("gpt", PRICE, 300_000, 0, UNKNOWN_IMAGE_TOKENS, 64)
    assert "pictures" not in str(bound)
    assert bound.advice == "lower the output limit, or raise --max-cost"
    assert "assumed" not in str(RequestBound.of("gpt", PRICE, 7_900_000, 1, 3_000, 64))


def test_the_number_of_requests_at_once_depends_on_what_the_work_needs():
    bound = RequestBound.of("gpt", PRICE, 2_000_000, 0, 1, 64)
    assert bound.at_once(10**9, needed=10**9) == 6
    assert bound.at_once(10**9, needed=40_000_000) > 200
    assert bound.at_once(1_000_000, needed=10**9) == 1
